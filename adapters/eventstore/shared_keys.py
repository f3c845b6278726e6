"""Keys of streams that begin at the same time are made together: a transaction a tenant, and one wait for the disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from adapters.eventstore.keyring import tenant_of
from adapters.sharing import Batcher
from application.acting_tenant import acting_for, acting_tenant
from domain.refusals import DependencyUnavailable

TRIPS = 2
MOST_A_TRIP = 64


class SharedKeys(Batcher[str, None]):
    """`make` makes keys for streams of one tenant. Who brings many files at once would pay a commit for each alone."""

    def __init__(self, make: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        super().__init__(TRIPS)
        self._make = make

    async def have(self, stream: str) -> None:
        """Have a key for a stream of the tenant that is acted for; errors as of `make`."""
        acting_tenant(tenant_of(stream))  # before anything waits: the trip itself is made by whoever comes first
        await self.call(stream)

    def size(self, asked: str) -> int:
        """See `Batcher`."""
        return len(asked)

    def fits(self, batch: Sequence[str], asked: str) -> bool:
        """See `Batcher`."""
        return len(batch) < MOST_A_TRIP

    def is_item_error(self, error: Exception) -> bool:
        """See `Batcher`. What is wrong with one tenant's key is no other's trouble."""
        return not isinstance(error, DependencyUnavailable)

    async def send_batch(self, batch: Sequence[str]) -> Sequence[None]:
        """See `Batcher`."""
        by_tenant: dict[str, list[str]] = defaultdict(list)
        for stream in batch:
            by_tenant[tenant_of(stream)].append(stream)
        for tenant, own in by_tenant.items():
            with acting_for(tenant):
                await self._make(own)
        return [None] * len(batch)
