"""Time that a test moves on."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the monotonic clock on."""
    real, moved = time.monotonic, [0.0]

    def move(seconds: float) -> None:
        moved[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: real() + moved[0])
    return move
