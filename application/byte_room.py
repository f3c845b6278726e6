"""Room for large things that are under way: counted in places and bytes before any of them is read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.refusals import Overloaded, RateLimited

MOST_WAITING = 256
RETRY_S = 5


class ByteRoom:
    """All of one kind in the process together: at most `places`, of `size` bytes in all; of one tenant half of either.
    Who finds no room waits `wait_s` seconds at most."""

    def __init__(self, *, places: int, size: int, wait_s: float = 20.0) -> None:
        self._places, self._size, self._wait_s = places, size, wait_s
        self._taken: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._waiting = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def room(self, tenant: str, size: int) -> AsyncIterator[None]:
        """Room for `size` bytes at most. `RateLimited` when what the tenant has under way fills its half, `Overloaded`
        when everybody's fills all."""
        if self._waiting >= MOST_WAITING:
            raise Overloaded(retry_after_s=RETRY_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s), self._freed:
                await self._freed.wait_for(lambda: self._fits(size) and self._fits(size, tenant))
                self._take(tenant, 1, size)
        except TimeoutError:
            if not self._fits(size, tenant):
                raise RateLimited("Too much of this tenant is under way.", retry_after_s=RETRY_S) from None
            raise Overloaded("Too much is under way.", retry_after_s=RETRY_S) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._take(tenant, -1, -size)
            await asyncio.shield(self._tell())

    def _fits(self, size: int, tenant: str = "") -> bool:
        """Whether there is room, in all or for a tenant. What is larger than all the room there is may go alone."""
        share = 2 if tenant else 1
        taken = self._taken[tenant] if tenant else self._taken.total()
        kept = self._bytes[tenant] if tenant else self._bytes.total()
        return not taken or (taken < max(1, self._places // share) and kept + size <= self._size // share)

    def _take(self, tenant: str, place: int, size: int) -> None:
        self._taken[tenant] += place
        self._bytes[tenant] += size
        if not self._taken[tenant]:
            del self._taken[tenant], self._bytes[tenant]

    async def _tell(self) -> None:
        async with self._freed:
            self._freed.notify_all()
