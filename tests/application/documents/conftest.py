"""Documents are handled on fakes."""

from __future__ import annotations

import pytest

from tests.application.documents.harness import House


@pytest.fixture
def house() -> House:
    return House()
