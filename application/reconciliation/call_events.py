"""The facts of all model calls in a stretch of time, from the event store's log, in order and a batch at a time."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from application.ports.facts.event_store import ReadableLog, Recorded
from domain.event import Envelope

TOPICS = ("model.call_started.", "tokens.used.", "tokens.corrected.")
BATCH = 1_000
Missed = Callable[[str, Exception], None]
"""Called with the stream of a fact that cannot be read, and why."""


async def read_call_facts(
    store: ReadableLog, lanes: int, since: datetime, until: datetime, missed: Missed
) -> AsyncGenerator[Envelope, None]:
    """What was stored about model calls with `since <= at < until`, all lanes merged by time. A fact that cannot be
    read is `missed`, and the others are given."""
    readers = [_read_lane(store, lane, since, until, missed) for lane in range(lanes)]
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


async def _read_lane(
    store: ReadableLog, lane: int, since: datetime, until: datetime, missed: Missed
) -> AsyncGenerator[Envelope, None]:
    position = await position_before(store, lane, since)
    while batch := await store.read_log(lane, after=position, limit=BATCH):
        for recorded in batch:
            if recorded.topic.startswith(TOPICS):
                try:
                    fact = store.open(recorded)
                except Exception as error:  # bytes that are wrong are wrong for good
                    missed(recorded.stream, error)
                    continue
                if since <= fact.at < until:
                    yield fact
        position = batch[-1].position
        if (at := _at(store, batch[-1])) and at >= until:
            return


async def position_before(store: ReadableLog, lane: int, at: datetime) -> int:
    """A position before the first fact that was stored at that time or later. Found by halving: times rise with
    positions, but for the small difference of two machines' clocks."""
    low, high = 0, await store.head(lane)
    while low < high:
        middle = (low + high) // 2
        found = await store.read_log(lane, after=middle, limit=1)
        if found and (stored := _at(store, found[0])) and stored < at:
            low = found[0].position
        else:
            high = middle
    return low


def _at(store: ReadableLog, recorded: Recorded) -> datetime | None:
    """When a fact was stored; None when not even that can be read: it then bounds nothing."""
    try:
        return store.heading(recorded).at
    except Exception:  # whatever a decoder raises for bytes that are wrong
        return None
