"""How long to wait before connecting again: longer each time, never all at once, and not for ever."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass
class Backoff:
    """Waits of `first_s`, twice that, and so on up to `most_s`, each shortened by up to half at random ("equal jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/); after `tries` in a row it gives up."""

    first_s: float = 0.25
    most_s: float = 10.0
    tries: int = 10
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = secrets.SystemRandom().random
    failed: int = 0

    async def wait(self, at_least_s: float = 0.0) -> bool:
        """Wait for the next try; False when there have been enough. `at_least_s` is the server's own wish."""
        if self.failed >= self.tries:
            return False
        usual = min(self.most_s, self.first_s * 2**self.failed)
        self.failed += 1
        await self.sleep(at_least_s + usual * (0.5 + self.draw() / 2))
        return True

    def succeeded(self) -> None:
        """It works again: the next trouble is a new one."""
        self.failed = 0
