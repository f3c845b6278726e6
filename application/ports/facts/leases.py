"""Who runs which turn: rows that expire, so that a dead process's turns are taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class TurnOwners(Protocol):
    """Who runs what, as far as it is known."""

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        """The processes that run turns of these streams, as far as any do."""
        ...

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        """Leave word for whoever has the lease on a stream; False when nobody has, for its turn has ended."""
        ...


class Leases(TurnOwners, Protocol):
    """Running turns of all processes. Rows appear and go with the facts themselves (`EventStore.append`)."""

    async def renew(self, streams: Sequence[str]) -> Mapping[str, str]:
        """Keep this process's leases on these streams for another term, by one statement; others run out. The turns
        that are wished cancelled meanwhile, by stream. Streams that it has no lease on are passed over."""
        ...

    async def claim_expired(self, limit: int) -> list[str]:
        """Take over up to `limit` streams whose lease ran out; they are this process's until it stops renewing."""
        ...
