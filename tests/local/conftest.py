"""A data directory that PostgreSQL reaches also when the tests run as root."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that does not exist yet."""
    with tempfile.TemporaryDirectory(prefix="colloquy-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"
