"""Processes of one installation, on one store, tail and lease table in memory; a socket is a reader of a feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from application.acting_tenant import acting_tenant
from application.clock import new_id
from application.replicas.ask_owner import AskOwner
from application.replicas.follow_others import FollowOthers
from application.replicas.questions import Questions
from application.replicas.tell_others import TellOthers
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.sessions.open_session import OpenSessionHandler
from application.sessions.resuming import cursor_after
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.recover_turns import RecoverTurns
from domain.event import Envelope, StreamId
from domain.session.state import Turn
from domain.tenant.assistant import Assistant
from tests.application.turns.harness import House, house, member
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_feed_tail import InMemoryFeedTail
from tests.fakes.in_memory_leases import InMemoryLeases
from tests.fakes.in_memory_replicas import InMemoryReplicas
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.scripted_model import Reply

ASK = "How long may coffee be returned?"
WITHIN_S = 20.0


class WalledStore(InMemoryEventStore):
    """Says, as the real one does, when work names another tenant than it acts for."""

    async def append(self, events: Sequence[Envelope]) -> int:
        acting_tenant(StreamId.parse(events[0].stream).tenant)
        return await super().append(events)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        acting_tenant(StreamId.parse(stream).tenant)
        return await super().load(stream, after=after, upto=upto)


@dataclass
class Socket:
    """One reader of a session in one process: what it was sent, by its cursor."""

    process: Process
    live: LiveSession
    cursor: int
    anew: bool = True
    frames: list[f.Frame] = field(default_factory=list)

    async def until(self, *kinds: type[f.Frame]) -> f.Frame:
        """Read until a frame of these kinds comes."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                await self.live.feed.news(self.cursor)
                for frame in self.live.feed.since(self.cursor):
                    assert frame.seq > self.cursor, "seqs rise"
                    begun = {seen.turn_id for seen in self.frames if isinstance(seen, f.Created)}
                    assert not self.anew or frame.turn_id in begun or isinstance(frame, f.Created), "it begins a turn"
                    self.cursor = frame.seq
                    self.frames.append(frame)
                    if isinstance(frame, kinds):
                        return frame

    def leave(self) -> None:
        """Hang up."""
        self.process.follow.leave(self.live)

    @property
    def text(self) -> str:
        """The deltas after the last reset."""
        text = ""
        for frame in self.frames:
            text = text + frame.delta if isinstance(frame, f.Delta) else "" if isinstance(frame, f.Reset) else text
        return text


@dataclass
class Process:
    """One API process."""

    name: str
    ours: House
    replicas: InMemoryReplicas
    tell: TellOthers
    follow: FollowOthers
    elsewhere: AskOwner
    leases: InMemoryLeases
    recover: RecoverTurns

    async def socket(self, id: StreamId, after: int | None = None) -> Socket:
        """A socket of the session's user; with `after` it goes on from there."""
        find = OpenSessionHandler(self.ours.sessions, self.ours.turns.prepare.tenants)
        live = await find.find(member("ada"), id.id)
        await self.follow.watch(live)
        cursor = cursor_after(live, after)
        assert cursor is not None, "it is known there"
        return Socket(self, live, cursor, anew=after is None)

    async def ask(self, live: LiveSession, client_id: str = "", text: str = ASK) -> tuple[Turn, bool]:
        """Ask without waiting for the answer."""
        return await self.ours.create(member("ada"), live, client_id=client_id or new_id(), text=text)

    async def cancel(self, live: LiveSession, turn_id: str) -> None:
        """As a socket's user does."""
        await CancelTurnHandler(self.elsewhere)(live, turn_id)

    def die(self) -> None:
        """As by kill -9: it says and does nothing more, and its leases run out."""
        self.replicas.away = True
        runner = self.ours.turns.runner
        for tasks in (
            runner.tasks,
            runner.follow_up.tasks,
            self.tell.tasks,
            self.follow.tasks,
            self.ours.sessions.tasks,
        ):
            for task in tasks:
                task.cancel()
        store = self.ours.store
        store.expired |= {stream for stream, owner in store.running.items() if owner == self.name}


class Installation:
    """What the processes share."""

    def __init__(self, assistant: Assistant | None) -> None:
        self.assistant = assistant
        self.store, self.sealer, self.tail = InMemoryEventStore(owner=""), InMemorySealer(), InMemoryFeedTail()
        self.replicas = InMemoryReplicas("nobody")
        self._stack = AsyncExitStack()

    async def process(self, name: str, *replies: Reply) -> Process:
        """One more."""
        store = WalledStore(owner=name, beside=self.store)
        made: list[TellOthers] = []

        def begun(live: LiveSession) -> None:
            made[0].begun(live)

        ours: House = await self._stack.enter_async_context(
            house(*replies, store=store, sealer=self.sealer, tail=self.tail, begun=begun, assistant=self.assistant)
        )
        replicas = InMemoryReplicas(name, beside=self.replicas)
        made.append(TellOthers(ours.sessions, replicas, self.sealer, name))
        leases, questions = InMemoryLeases(store), Questions(replicas, self.sealer, name)
        follow = FollowOthers(questions, self.tail, leases)
        await replicas.answer(made[0].answer)
        await replicas.hear_begun(follow.hear_begun)
        recover = RecoverTurns(
            leases=leases, sessions=ours.sessions, permits=ours.turns.gate.permits, prepare=ours.turns.prepare,
            turns=ours.turns.runner, users=users_on(self.sealer, store), sealer=self.sealer, process=name,
        )  # fmt: skip
        self._stack.push_async_callback(made[0].tasks.end)
        self._stack.push_async_callback(follow.tasks.end)
        return Process(name, ours, replicas, made[0], follow, AskOwner(questions, follow, leases), leases, recover)


@asynccontextmanager
async def installation(assistant: Assistant | None = None) -> AsyncIterator[Installation]:
    """One without processes yet; they end with it."""
    made = Installation(assistant)
    async with made._stack:
        yield made
