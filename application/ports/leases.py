"""Who runs which turn: rows that expire, so that a dead process's turns are taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Leases(Protocol):
    """Running turns of all processes. Rows appear and go with the facts themselves (`EventStore.append`)."""

    async def renew(self, streams: Sequence[str]) -> None:
        """Keep this process's leases on these streams for another term, by one statement; others run out."""
        ...

    async def claim_expired(self, limit: int) -> list[str]:
        """Take over up to `limit` streams whose lease ran out; they are this process's until it stops renewing."""
        ...
