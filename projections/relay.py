"""The relay: copies the event store's log into the pipe, in order; the pipe's own end is its memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog

from application.clock import monotonic
from application.ports.facts.event_pipe import EventPipe, PipeEnd, PipeMoved
from application.ports.facts.event_store import EventLog, Recorded, is_full
from application.tasks import Loops, Up, idle, pause
from projections.beats import Keep, unheard
from projections.leadership import Lead, Leader
from projections.metrics import RELAY_HALTED, RELAY_LAG, RELAYED
from projections.places import ViewPlaces

WINDOW = 256
POLL_S = 0.25
NOTE_S = 1.0
BACKOFF_S = (0.1, 0.3, 1.0, 2.0)
REFILL = 100_000
"""An empty pipe is filled from about so many facts before the log's end: read models that need older ones read them
from the store, and news does not wait until years have been copied."""

log = structlog.get_logger()


Note = Callable[[int, int], Awaitable[None]]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between two comparisons of both ends, and from the first news to its publication. What is stored by then
    goes along, so that a read model writes a session once and not for each of its facts, and a burst of turns has its
    first words before its books are kept."""

    compare_s: float = 30.0
    linger_s: float = 0.5


USUAL = Pace()


class PipeAhead(Exception):
    """The pipe holds facts that the store does not: the store was set back, or is another one."""


class Relay:
    """Any number may run; one a lane leads. A second leader would do no harm: the pipe accepts a fact only behind the
    one before it."""

    def __init__(
        self,
        store: EventLog,
        pipe: EventPipe,
        places: ViewPlaces,
        lead: Lead,
        *,
        lanes: int = 1,
        first: int = 0,
        pace: Pace = USUAL,
    ) -> None:
        """`first` is the number of the first of these lanes among those of all databases: by it they are told of."""
        self._store, self._pipe, self._places, self._alone = store, pipe, places, lead
        self._lanes, self._first, self._pace = lanes, first, pace

    async def run(self, stop: asyncio.Event, told: Keep = unheard) -> None:
        """Relay all lanes until `stop`."""
        async with Loops(stop, backoff_s=BACKOFF_S) as loops:
            told(loops)
            for lane in range(self._lanes):
                loops.keep(f"relay_{lane}", partial(self._lead, lane, stop))
            await stop.wait()

    async def _lead(self, lane: int, stop: asyncio.Event, up: Up) -> None:
        """Lead a lane, term after term, until one ends with an error; nothing is skipped, whatever it was."""
        while not stop.is_set():
            try:
                async with self._alone(f"relay-{lane}", stop) as leader:
                    if leader:
                        relay = LaneRelay(
                            self._store, self._pipe, lane, self._places.note_relay, self._pace, self._first
                        )
                        await relay.lead(leader, stop, up)
            except PipeMoved:
                log.info("relay_restarts", lane=self._first + lane, reason="the pipe moved")
                await pause(stop, BACKOFF_S[0])
            except PipeAhead as error:
                RELAY_HALTED.labels(self._first + lane).set(1)
                log.critical("relay_halted", lane=self._first + lane, reason=str(error))
                await pause(stop, self._pace.compare_s)
                raise


class LaneRelay:
    """One term of leading a lane: ends with any error, and whoever leads next begins at the pipe's end."""

    def __init__(self, store: EventLog, pipe: EventPipe, lane: int, note: Note, pace: Pace, first: int = 0) -> None:
        self._store, self._pipe, self._note = store, pipe, note
        self._lane, self._pace, self._named = lane, pace, first + lane
        self._noted = 0.0

    async def lead(self, leader: Leader, stop: asyncio.Event, up: Up = idle) -> None:
        """Publish until `stop`, comparing both ends now and then."""
        end, compared = await self.compare(), monotonic()
        position = await self._start(end)
        while not stop.is_set():
            if monotonic() - compared > self._pace.compare_s:
                await leader.check()
                end, compared = await self.compare(), monotonic()
                position = await self._start(end)
            events = await self._store.read_log(self._lane, after=position, limit=WINDOW)
            if events:
                end = await self._pipe.publish(self._lane, events, end)
                position = end.position
                RELAYED.labels(self._named).inc(len(events))
            await self._report(position, caught_up=not events)
            up()
            if not is_full(events, WINDOW) and await self._store.wait_for_news(self._lane, POLL_S):
                await pause(stop, self._pace.linger_s)

    async def compare(self) -> PipeEnd:
        """The pipe's end, which must be something that the store holds at the same place; `PipeAhead` otherwise."""
        await self._pipe.provision(self._lane)
        end = await self._pipe.end(self._lane)
        if end.last:
            stored = await self._store.read_log(self._lane, after=end.position - 1, limit=1)
            if not stored or not _same(stored[0], end.last):
                raise PipeAhead(
                    f"EVENTS_{self._named} ends with a fact at position {end.position} that the store does not have; "
                    "if the store is right, delete the stream and it is filled again"
                )
        RELAY_HALTED.labels(self._named).set(0)
        return end

    async def _start(self, end: PipeEnd) -> int:
        """After which position to publish: the pipe's end; an empty pipe gets the log's last stretch."""
        if end.last:
            return end.position
        return max(0, await self._store.head(self._lane) - REFILL)

    async def _report(self, position: int, *, caught_up: bool) -> None:
        """Note how far we are, at most once a second, so that other processes can tell the lag."""
        if monotonic() - self._noted < NOTE_S:
            return
        self._noted = monotonic()
        head = position if caught_up else await self._store.head(self._lane)
        RELAY_LAG.labels(self._named).set(max(0, head - position))
        await self._note(self._lane, position)


def _same(stored: Recorded, piped: Recorded) -> bool:
    identity = (stored.position, stored.stream, stored.version, stored.topic)
    if identity != (piped.position, piped.stream, piped.version, piped.topic):
        return False
    return piped.state in (b"", stored.state)
