"""The facts of all model calls in a stretch of time, from the event store's log, in order and a batch at a time."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator
from datetime import datetime

from application.ports.event_store import EventStore
from domain.event import Envelope

TOPICS = ("model.call_started.", "tokens.used.", "tokens.corrected.")
BATCH = 1_000


async def read_call_facts(
    store: EventStore, lanes: int, since: datetime, until: datetime
) -> AsyncGenerator[Envelope, None]:
    """What was stored about model calls with `since <= at < until`, all lanes merged by time."""
    readers = [_read_lane(store, lane, since, until) for lane in range(lanes)]
    heads: list[tuple[datetime, int, Envelope]] = []
    try:
        for lane, reader in enumerate(readers):
            if (fact := await anext(reader, None)) is not None:
                heads.append((fact.at, lane, fact))
        heapq.heapify(heads)
        while heads:
            _, lane, fact = heads[0]
            yield fact
            following = await anext(readers[lane], None)
            if following is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (following.at, lane, following))
    finally:
        for reader in readers:
            await reader.aclose()


async def _read_lane(store: EventStore, lane: int, since: datetime, until: datetime) -> AsyncGenerator[Envelope, None]:
    position = await position_before(store, lane, since)
    while batch := await store.read_log(lane, after=position, limit=BATCH):
        for recorded in batch:
            if recorded.topic.startswith(TOPICS):
                fact = store.open(recorded)
                if since <= fact.at < until:
                    yield fact
        position = batch[-1].position
        if store.heading(batch[-1]).at >= until:
            return


async def position_before(store: EventStore, lane: int, at: datetime) -> int:
    """A position before the first fact that was stored at that time or later. Found by halving: times rise with
    positions, but for the small difference of two machines' clocks."""
    low, high = 0, await store.head(lane)
    while low < high:
        middle = (low + high) // 2
        found = await store.read_log(lane, after=middle, limit=1)
        if found and store.heading(found[0]).at < at:
            low = found[0].position
        else:
            high = middle
    return low
