"""Clients of a simulated installation: the product's own client library over simulated connections, and what they may
believe of what they were told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from api.client import frames as f
from api.client.backoff import Backoff
from api.client.chat import Chat
from api.client.failures import Closed, Refused
from api.client.web_socket import FINAL, Lost
from tests.simulation.connection import Broken, Connection
from tests.simulation.node import Node
from tests.simulation.provider import answer_to, question
from tests.simulation.shared import NAMES
from tests.simulation.world import World

TRIES = 400
ERASES = 0.2
"""Of clients, who erase their session when all was answered."""
RETRY = ("turn_in_progress", "dependency_unavailable", "rate_limited", "overloaded", "draining", "internal")
"""Refusals after which the same question is asked once more."""


class House(Protocol):
    """Where clients connect to."""

    world: World

    async def connect(self, tenant: str, user: str, node: Node) -> Connection:
        """A connection to one of its processes; `Lost` when that takes none."""
        ...

    async def erase(self, tenant: str, user: str, session_id: str) -> None:
        """Erase a session, for good."""
        ...


@dataclass
class Seen:
    """A turn as one chain of sockets was told of it: `text` is the deltas after the last reset. `again_at` is the seq
    of the latest `turn.created`: what follows it with the same seq, for the id was repeated, tells the turn anew."""

    text: str = ""
    end: f.Completed | f.Failed | None = None
    again_at: int = -1


class Watch:
    """What a client may rely on, over sockets that go on one after the other's last frame."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.turns: dict[str, Seen] = {}
        self.ends: dict[str, f.Completed | f.Failed] = {}
        self.seq = 0

    def opened(self, after: int | None) -> None:
        """A socket was opened: anew, or to go on."""
        if after is None:
            self.turns, self.seq = {}, 0

    def take(self, frame: f.AnyFrame, raw: str) -> None:
        """Judge a frame as it came."""
        for name in NAMES:
            if name != self._client.tenant and f"canary-{name}" in raw:
                self._find(f"a frame holds the canary of {name}")
        if not isinstance(frame, f.TurnFrame) or not frame.turn_id:
            return
        if frame.seq < self.seq:
            self._find(f"seq went back from {self.seq} to {frame.seq} ({type(frame).__name__})")
        self.seq = frame.seq
        if isinstance(frame, f.Created):
            known = self.turns.setdefault(frame.turn_id, Seen())
            known.again_at = frame.seq
        elif seen := self.turns.get(frame.turn_id):
            self._follow(seen, frame)
        else:
            self._find(f"{type(frame).__name__} of {frame.turn_id} before its turn.created")

    def _follow(self, seen: Seen, frame: f.TurnFrame) -> None:
        if frame.seq == seen.again_at:
            seen.text, seen.end, seen.again_at = "", None, -1
        if seen.end is not None:
            self._find(f"{type(frame).__name__} of {frame.turn_id} after its end")
        match frame:
            case f.Delta():
                seen.text += frame.delta
            case f.Reset():
                seen.text = ""
            case f.Completed() | f.Failed():
                seen.end = frame
                self._end(seen, frame)

    def _end(self, seen: Seen, end: f.Completed | f.Failed) -> None:
        if isinstance(end, f.Completed) and end.text != seen.text:
            self._find(f"turn {end.turn_id}: told {seen.text!r}, completed as {end.text!r}")
        known = self.ends.setdefault(end.turn_id, end)
        if type(known) is not type(end) or (
            isinstance(known, f.Completed)
            and isinstance(end, f.Completed)
            and (known.text, known.status) != (end.text, end.status)
        ):
            self._find(f"turn {end.turn_id} ended in two ways: {known} and {end}")

    def _find(self, what: str) -> None:
        self._client.house.world.find(f"{self._client.name}: {what}")


class SimulatedSocket:
    """`Socket` of the client library."""

    def __init__(self, connection: Connection, watch: Watch, name: str) -> None:
        self.connection, self._watch, self._name = connection, watch, name

    async def send(self, frame: f.Sent) -> None:
        """See `Socket`."""
        if self.connection.up.closed:
            raise self._gone(self.connection.up.closed)
        if isinstance(frame, f.SessionOpen):
            self._watch.opened(frame.after_seq)
        text = f.encode(frame).decode()
        if self.connection.world.told is not None:
            known = {name: getattr(frame, name, None) for name in ("session_id", "after_seq", "turn_id", "text")}
            about = {name: value for name, value in known.items() if value}
            to = self.connection.node.name
            self.connection.world.tell("sent", client=self._name, to=to, frame=type(frame).__name__, **about)
        self.connection.up.put(text)

    async def receive(self) -> f.AnyFrame:
        """See `Socket`."""
        while True:
            try:
                async with asyncio.timeout(60.0):
                    raw = await self.connection.down.take()
            except Broken as broken:
                raise self._gone(broken.code) from None
            except TimeoutError:
                self.connection.end(1006)
                raise Lost("nothing was heard") from None
            frame = f.read_frame(raw)
            if frame is not None:
                self.connection.world.tell("heard", client=self._name, of=self.connection.node.name, frame=raw[:160])
                self._watch.take(frame, raw)
                return frame

    async def close(self) -> None:
        """See `Socket`."""
        self.connection.end(1000)

    def _gone(self, code: int) -> Exception:
        return Closed(code, "closed") if code in FINAL else Lost(f"closed with {code}", code)


@asynccontextmanager
async def _opened(chat: Chat) -> AsyncIterator[Chat]:
    """A chat that is opened as often as that takes."""
    while True:
        try:
            await chat.__aenter__()
            break
        except Refused as refused:
            if refused.code not in RETRY:
                raise
            await asyncio.sleep(0.5)
    try:
        yield chat
    finally:
        await chat.__aexit__(None, None, None)


@dataclass
class Client:
    """A user's machine: it asks some questions in one session, one after the other."""

    house: House
    name: str
    tenant: str
    node: Node
    questions: int
    asked: dict[str, str] = field(default_factory=dict)
    answers: dict[str, f.Completed | f.Failed] = field(default_factory=dict)
    session_id: str = ""
    done: bool = False

    async def run(self) -> None:
        """All of them, to their ends."""
        draw = self.house.world.random
        watch = Watch(self)
        chat = self._chat(watch, "asks")
        async with _opened(chat):
            self.session_id = chat.session_id
            onlooker: asyncio.Task[None] | None = None
            if draw.random() < 0.5:
                onlooker = self.node.start(self._look_on())
            for number in range(self.questions):
                await asyncio.sleep(draw.choice((0.0, 0.1, 1.5)))
                await self._ask(chat, f"{self.name}-{number}", watch)
            if self.house.world.apart.random() < ERASES:
                await self.house.erase(self.tenant, self.name.split("-")[0], self.session_id)
            self.done = True
            if onlooker:
                onlooker.cancel()
        self.house.world.tell("client_done", client=self.name)

    def _chat(self, watch: Watch, how: str, session_id: str | None = None) -> Chat:
        world = self.house.world

        async def connect() -> SimulatedSocket:
            connection = await self.house.connect(self.tenant, self.name.split("-")[0], self.node)
            return SimulatedSocket(connection, watch, f"{self.name}/{how}")

        backoff = Backoff(most_s=2.0, tries=TRIES, draw=world.random.random)
        return Chat(connect, session_id=session_id, backoff=backoff)

    async def _look_on(self) -> None:
        """Another socket of the same user, on whichever process: it sees the same."""
        watch = Watch(self)
        async with _opened(self._chat(watch, "looks", self.session_id)) as chat:
            while True:
                with suppress(Refused):
                    async with aclosing(chat.frames()) as frames:
                        async for _ in frames:
                            pass
                await asyncio.sleep(0.5)

    async def _ask(self, chat: Chat, id: str, watch: Watch) -> None:
        world = self.house.world
        own = world.random.random() < 0.8
        text = question(self.tenant, id.replace("-", "") if own else "shared", world.random.choice((3, 12, 40)))
        self.asked[id] = text
        cancels = world.random.random() < 0.15
        while True:
            try:
                async for frame in chat.ask(text, id=id):
                    if cancels and isinstance(frame, f.Delta):
                        cancels = False
                        await chat.cancel()
                    if isinstance(frame, f.Completed | f.Failed):
                        self._note(id, frame, text)
                return
            except Refused as refused:
                world.tell("refused", client=self.name, code=refused.code)
                if refused.code not in RETRY:
                    world.find(f"{self.name}: {id} was refused: {refused.code} {refused.message}")
                    return
                await asyncio.sleep(refused.retry_after_s or 0.5)

    def _note(self, id: str, end: f.Completed | f.Failed, text: str) -> None:
        whole = isinstance(end, f.Completed) and end.status == "completed" and end.finish_reason == "stop"
        if whole and isinstance(end, f.Completed) and end.text != answer_to(text):
            self.house.world.find(f"{self.name}: {id} is {end.text!r} and not {answer_to(text)!r}")
        self.answers[id] = end
