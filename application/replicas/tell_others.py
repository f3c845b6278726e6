"""Tells other processes of the turns that run here: of a session's frames only while one of them asks for these."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from application.acting_tenant import acting_for
from application.ports.facts.keys import Sealer
from application.ports.sessions.replicas import Replicas
from application.replicas import messages as m
from application.sessions.feed import start_of
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.resuming import cursor_after
from application.tasks import TaskSet, isolated
from application.turns.turn_log import Fenced

ASKED_S = 6.0
"""So long it is told what comes after it has asked once."""
GATHER_S = 0.03
"""Between two messages of a session: what is said meanwhile goes into one."""
PIECE_BYTES = 200_000
"""Of frames in a message, in characters: four bytes each at most, and a message of NATS takes a megabyte."""
MOST_TOLD = 2_000
"""Sessions that others are told of at a time: further ones are read from their tails and the store."""


@dataclass(frozen=True, slots=True)
class TellOthers:
    """The side of the process that runs a turn. It reads the feed as a socket does: with a cursor."""

    sessions: LiveSessions
    replicas: Replicas
    sealer: Sealer
    process: str
    tasks: TaskSet = field(default_factory=partial(TaskSet, "tell_others"))
    _until: dict[str, float] = field(default_factory=dict)
    _begun: list[str] = field(default_factory=list)

    def begun(self, live: LiveSession) -> None:
        """A turn of it runs here now: whoever watches it elsewhere hears that soon, with all others that begin by then,
        for most of the time nobody does."""
        if len(self._begun) < MOST_TOLD:
            self._begun.append(str(live.id))
            if len(self._begun) == 1:
                self.tasks.start(self._announce())

    async def _announce(self) -> None:
        await asyncio.sleep(GATHER_S)
        streams = list(self._begun)
        self._begun.clear()
        with isolated("tell_others"):
            await self.replicas.announce(streams)

    async def answer(self, message: bytes) -> bytes:
        """Answer what another process asks; `NotOurMessage` when none did."""
        stream, body = m.unenveloped(message)
        question = await m.opened(self.sealer, stream, body, m.QUESTIONS, f"question/{self.process}")
        live = self.sessions.held_here(stream)
        reply = m.Answered(runs=False)
        if live is not None:
            with acting_for(live.id.tenant):
                reply = await self._reply(live, question)
        return await m.sealed(self.sealer, stream, reply, f"reply/{self.process}")

    async def _reply(self, live: LiveSession, question: m.Question) -> m.Answered:
        match question:
            case m.TellFrom(after=after):
                return self._tell_from(live, after)
            case m.CancelTurn(turn_id=turn_id):
                done = False
                if live.run is not None and live.run.turn_id == turn_id:
                    with isolated("cancel_for_another"):
                        done = await _cancelled(live)
                return m.Answered(runs=live.run is not None, done=done)
            case m.LookAgain():
                await live.look()
                return m.Answered(runs=live.run is not None, done=True)

    def _tell_from(self, live: LiveSession, after: int) -> m.Answered:
        feed = live.feed
        if live.run is not None:
            self._go_on_telling(live)
        if feed.floor <= after <= feed.seq:
            behind = cursor_after(live, after)
            after = after if behind is None else behind  # an end that is told twice is better than a text with a hole
        else:
            after = start_of(feed, live.state.last.turn_id) if live.state.last else feed.seq
        piece = feed.piece(after, PIECE_BYTES)
        return m.Answered(runs=live.run is not None, piece=piece, more=bool(feed.since(piece.last)))

    def _go_on_telling(self, live: LiveSession) -> None:
        stream = str(live.id)
        if stream not in self._until:
            if len(self._until) >= MOST_TOLD:
                return
            self.tasks.start(self._tell(live, live.feed.seq))
        self._until[stream] = asyncio.get_running_loop().time() + ASKED_S

    async def _tell(self, live: LiveSession, cursor: int) -> None:
        """What comes after `cursor`, until nobody has asked for it for some time or the turn has ended."""
        stream, feed, time = str(live.id), live.feed, asyncio.get_running_loop().time
        try:
            while (left := self._until[stream] - time()) > 0:
                try:
                    await asyncio.wait_for(feed.news(cursor), left)
                except TimeoutError:
                    continue
                piece = feed.piece(cursor, PIECE_BYTES)
                await self._say(live, m.Told(self.process, piece))
                cursor = piece.last
                if live.run is None and not feed.since(cursor):
                    return
                await asyncio.sleep(GATHER_S)
        finally:
            self._until.pop(stream, None)

    async def _say(self, live: LiveSession, telling: m.Told) -> None:
        """What cannot be said is asked for again by whoever wants it."""
        stream = str(live.id)
        with isolated("tell_others"):
            await self.replicas.tell(stream, await m.sealed(self.sealer, stream, telling, "telling"))

    async def finish(self, timeout_s: float) -> None:
        """Say what is left of turns that have ended, for the process is about to leave."""
        await self.tasks.join(timeout_s)
        await self.tasks.end()


async def _cancelled(live: LiveSession) -> bool:
    try:
        return live.run is not None and await live.run.cancel()
    except Fenced:
        return False
