"""Leases over the running turns of an event store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.fakes.in_memory_event_store import InMemoryEventStore


class InMemoryLeases:
    """One process's side. A lease runs out when its stream is put into the store's `expired`."""

    def __init__(self, store: InMemoryEventStore) -> None:
        self._store = store

    async def renew(self, streams: Sequence[str]) -> Mapping[str, str]:
        ours = [stream for stream in streams if self._store.running.get(stream) == self._store.owner]
        self._store.expired.difference_update(ours)
        return {stream: self._store.wished[stream] for stream in ours if stream in self._store.wished}

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        return {stream: self._store.running[stream] for stream in streams if stream in self._store.running}

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        if stream in self._store.running:
            self._store.wished[stream] = turn_id
        return stream in self._store.running

    async def claim_expired(self, limit: int) -> list[str]:
        claimed = [stream for stream in self._store.running if stream in self._store.expired][:limit]
        for stream in claimed:
            self._store.running[stream] = self._store.owner
            self._store.expired.discard(stream)
        return claimed
