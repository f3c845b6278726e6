"""Waiting for a thing, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

DEADLINE_S = 30.0


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return when it is so; fails after half a minute."""
    end = time.monotonic() + DEADLINE_S
    while not await true():
        assert time.monotonic() < end, f"waited {DEADLINE_S} s until {what}"
        await asyncio.sleep(0.01)
