"""A data directory that PostgreSQL reaches also when the tests run as root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.installation import throwaway_data_dir


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    with throwaway_data_dir() as path:
        yield path
