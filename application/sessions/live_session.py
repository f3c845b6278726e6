"""A session that somebody watches or that runs a turn: its state and its feed, held in memory by this process."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from application.clock import monotonic, now
from application.execute import SESSION, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from application.ports.sessions.feed_tail import FeedTail, TailPiece
from application.sessions.shared_feed import SharedFeed, feed_from, tells_latest
from application.tasks import SingleFlight, TaskSet, Work
from domain.event import Envelope, Event, StreamId
from domain.refusals import Overloaded, Refusal
from domain.session.state import Session, snapshot_of

SNAPSHOT_EVERY = 200
"""Facts between two snapshots of a session, or more: one for so many turns that are long past."""
TURNS_A_FACT = 10
IDLE_S = 3_600.0
LOOK_AGAIN_S = 1.0
MAX_HELD = 10_000
MAX_BYTES = 512 * 1024 * 1024
PUSHED_BYTES = 8 * 1024 * 1024
"""Of frames that are sent to the tail at a time."""
MIRRORED = 64
"""Feeds whose news are sent to the tail at a time; with more than four times as many, a quarter of them."""

T = TypeVar("T")


class Running(Protocol):
    """The turn that runs in this process, as its session knows it."""

    turn_id: str

    @property
    def ended(self) -> bool:
        """Whether it has its end, or is no longer ours."""
        ...

    async def cancel(self) -> bool:
        """End it for its user; False when it had ended."""
        ...

    async def fail(self, refusal: Refusal) -> None:
        """End it without a whole answer."""
        ...


class LiveSession:
    """One session. Whoever changes it goes through `commit`, one at a time."""

    def __init__(self, store: EventStore, id: StreamId, tasks: TaskSet) -> None:
        self.id = id
        self.tasks = tasks
        self.held: LoadedAggregate[Session] = LoadedAggregate(store, str(id), SESSION)
        self.feed = SharedFeed(id.id, 0)
        self.run: Running | None = None
        self.followed_up = ""  # the turn whose steps afterwards are done here
        self.used = self.mirrored = monotonic()
        self._store = store
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self.snapshot_at = self.restored_at = 0
        self._sized_at, self._state_size = -1, 0
        self.watchers = 0

    @property
    def state(self) -> Session:
        """What the session remembers."""
        return self.held.state

    async def restore(self, tail: FeedTail) -> None:
        """The feed anew, with what other processes left of it."""
        self.restored_at = self.held.version
        pieces = await tail.read(str(self.id)) if self.state.last else ()
        self.feed = feed_from(self.id.id, self.state, self.held.version, pieces)

    @property
    def runs_elsewhere(self) -> bool:
        """Whether, as far as it is known here, another process runs a turn of it."""
        return self.run is None and self.state.running is not None

    async def refresh(self) -> None:
        """Apply what another process may have stored, unless this one runs the turn."""
        if self.run is None:
            async with self._lock:
                await self.held.catch_up()

    async def whole(self, work: Work[T]) -> T:
        """Do something to its end although whoever asked for it may leave: a deadline, a cancel or a client that hangs
        up must not come between an append and what follows from it."""
        return await self.tasks.shielded(work)

    async def commit(self, rule: Callable[[Session], Sequence[Event]], context: Context) -> Sequence[Event]:
        """Decide and append; the facts that were stored. After a conflict the rule decides again on the new state."""
        return await self.whole(self.commit_within(rule, context))

    async def commit_within(self, rule: Callable[[Session], Sequence[Event]], context: Context) -> Sequence[Event]:
        """The same for what is `whole` already."""
        async with self._lock:
            stored = await self.held.execute(rule, context)
        self._changed.set()
        self._changed = asyncio.Event()
        return stored

    async def until(self, is_so: Callable[[Session], bool], within_s: float) -> None:
        """Wait until the state is so, whichever process stores the fact that makes it so, or until the time is over."""
        end = monotonic() + within_s
        while not is_so(self.state) and (left := end - monotonic()) > 0:
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, LOOK_AGAIN_S))
            except TimeoutError:
                await self.look()

    async def look(self) -> None:
        """Apply what another process may have stored, if that can be known now."""
        with suppress(Refusal):
            async with self._lock:
                await self.held.catch_up()

    async def snapshot(self) -> None:
        """Keep a snapshot when enough has happened since the last one, and all of it is understood: more in a session
        whose snapshots are long, so that a turn's share of them does not grow."""
        due = max(SNAPSHOT_EVERY, len(self.state.long_past) // TURNS_A_FACT)
        if self.state.partly or self.held.version - self.snapshot_at < due:
            return
        self.snapshot_at = self.held.version
        at = now()
        await self._store.snapshot(
            Envelope(stream=str(self.id), version=self.held.version, at=at, event=snapshot_of(self.state, at))
        )

    @property
    def size(self) -> int:
        """About how many bytes it takes: asked often while an answer streams, when its facts are the same."""
        if self._sized_at != self.held.version:
            self._sized_at, self._state_size = self.held.version, self.state.size
        return self.feed.size + self._state_size

    @property
    def idle(self) -> bool:
        """Whether nobody needs it in memory."""
        return self.run is None and not self.watchers and not self.followed_up


def _may_lack(live: LiveSession) -> bool:
    """Whether another process may have told what its feed lacks, with nobody here who would have been told of it."""
    return live.run is None and not live.watchers and live.restored_at != live.held.version


class LiveSessions:
    """The sessions that this process holds. Idle ones go after an hour, or sooner when all of them are too many or
    (`max_bytes`) too large; then those that are watched tell less of their past; then nobody opens another."""

    def __init__(self, store: EventStore, tail: FeedTail, *, max_bytes: int = MAX_BYTES) -> None:
        self._store, self._tail, self._max_bytes = store, tail, max_bytes
        self._held: OrderedDict[str, LiveSession] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self.size = 0
        self._loading: SingleFlight[str, LiveSession] = SingleFlight("session_load")
        self.tasks = TaskSet("session")

    def held(self) -> list[LiveSession]:
        """All of them, as a copy, for the list changes meanwhile."""
        return list(self._held.values())

    def held_here(self, stream: str) -> LiveSession | None:
        """The session if it is in memory."""
        return self._held.get(stream)

    async def read_again(self, live: LiveSession) -> None:
        """Bring its feed up to what the process had told that ran its turn before."""
        if live.watchers:
            live.feed.adopt_all(await self._tail.read(str(live.id)))
        else:
            await live.restore(self._tail)

    def new(self, id: StreamId) -> LiveSession:
        """A session that does not exist yet."""
        live = LiveSession(self._store, id, self.tasks)
        self._keep(live)
        return live

    async def get(self, id: StreamId) -> LiveSession:
        """The session, loaded once however many ask at the same time."""
        key = str(id)
        if live := self._held.get(key):
            self._held.move_to_end(key)
            live.used = monotonic()
            await live.refresh()
            if _may_lack(live) and not tells_latest(live.feed, live.state):
                await live.restore(self._tail)
            return live
        return await self._loading.of(key, partial(self._load, id))

    async def _load(self, id: StreamId) -> LiveSession:
        live = LiveSession(self._store, id, self.tasks)
        await live.held.catch_up()
        live.snapshot_at = live.held.version
        await live.restore(self._tail)
        if live.held.version:
            self._keep(live)
        return live

    def _keep(self, live: LiveSession) -> None:
        self._held[str(live.id)] = live
        self._weigh(str(live.id))
        self._make_room()
        if self.size > self._max_bytes and len(self._held) > 1:
            self.forget(live.id)
            raise Overloaded("Too many long sessions are open; try again.", retry_after_s=5)

    def _weigh(self, key: str) -> None:
        """How large a session is by now."""
        size = self._held[key].size if key in self._held else 0
        self.size += size - self._sizes.pop(key, 0)
        if size:
            self._sizes[key] = size

    def _make_room(self) -> None:
        """Let go of idle sessions while there are too many or they are too large; then of what others need not tell."""
        while len(self._held) > MAX_HELD or self.size > self._max_bytes:
            victim = next((key for key, held in self._held.items() if held.idle), None)
            if victim is None:
                break
            del self._held[victim]
            self._weigh(victim)
        for key, live in self._held.items():
            if self.size <= self._max_bytes:
                break
            live.feed.let_go()
            self._weigh(key)

    def forget(self, id: StreamId) -> None:
        """Drop a session from memory (erasure)."""
        self._held.pop(str(id), None)
        self._weigh(str(id))

    async def sweep(self) -> None:
        """Let go of what has been idle for an hour."""
        limit = monotonic() - IDLE_S
        for key, live in list(self._held.items()):
            if live.idle and live.used < limit:
                del self._held[key]
            self._weigh(key)
        self._make_room()

    async def mirror(self) -> None:
        """Send new frames to the tail outside the process, in one round trip: of all feeds while they are few. When
        they are many, of those that have waited longest, each with every fourth call, for it is the push that costs."""
        if self.size > self._max_bytes:
            self._make_room()
        waiting = [live for live in self._held.values() if live.feed.seq > live.feed.mirrored]
        if len(waiting) > MIRRORED:
            waiting = sorted(waiting, key=lambda live: live.mirrored)[: max(MIRRORED, len(waiting) // 4)]
        at = monotonic()
        news: list[tuple[str, TailPiece]] = []
        left = PUSHED_BYTES
        for live in waiting:
            if left <= 0:
                break  # the next call goes on with them
            live.mirrored = at
            self._weigh(str(live.id))
            if piece := live.feed.unmirrored():
                news.append((str(live.id), piece))
                left -= len(piece.frames)
        if news:
            await self._tail.push(news)
