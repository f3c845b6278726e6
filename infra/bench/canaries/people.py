"""People who ask, cancel, lose their connection and come back, beside others who watch the same sessions."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251  # seeded: the same in every run
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from infra.bench.canaries.lean_socket import LeanSocket, SocketGone, open_lean
from infra.bench.canaries.world import AT_ONCE, QUESTION, PopulatedTenant, World, good

ENDED = ("turn.completed", "turn.failed", "error")
WITHIN_S, REST_S = 120.0, 5.0
CANCELS, LOSSES, KEPT = 0.3, 0.2, 0.2
"""How often a turn is cancelled in its middle, a connection lost there, and an answer taken from the caches."""


class HeardFrame(msgspec.Struct):
    """What of a frame matters here."""

    type: str
    seq: int = 0
    session_id: str = ""
    turn_id: str = ""
    delta: str = ""
    status: str = ""
    code: str = ""


_decoder = msgspec.json.Decoder(HeardFrame)


class Person:
    """One user with one session. All that comes is heard by the tenant's ears, deltas also as one text."""

    def __init__(self, world: World, tenant: PopulatedTenant, user: str, seed: int) -> None:
        self._world, self._tenant, self._user = world, tenant, user
        self._drawn = random.Random(seed)  # the same in every run of one seed
        self._joined = tenant.ears.joining("deltas")
        self.session, self.seq = "", 0
        self.is_there, self._news = asyncio.Event(), asyncio.Event()
        self._frames: deque[HeardFrame] = deque()
        self._resumed = self._only_listens = False
        self.counts: Counter[str] = Counter()

    @asynccontextmanager
    async def connected(self, after_seq: int | None = None) -> AsyncIterator[LeanSocket]:
        """A socket with the session open: a new one, or the same again after what was seen."""
        token = self._world.token(self._tenant, self._user, ["member"])
        url = self._world.ours.url.replace("http", "ws", 1) + "/v1/chat"
        self._frames.clear()
        socket = await open_lean(url, token, self._heard, self._news.set)
        try:
            opening: dict[str, Any] = {"type": "session.open"}
            if self.session:
                opening |= {"session_id": self.session} | ({} if after_seq is None else {"after_seq": after_seq})
            socket.send(json.dumps(opening))
            opened = await self.hear(socket)
            self._resumed = after_seq is not None and not opened.code
            if opened.code == "resume_out_of_range":
                opened = await self._anew(socket)
            if opened.type != "session.opened":
                raise RuntimeError(f"the session did not open: {opened}")
            self.session = opened.session_id
            self.is_there.set()
            yield socket
        finally:
            socket.abort()

    async def _anew(self, socket: LeanSocket) -> HeardFrame:
        socket.send(json.dumps({"type": "session.open", "session_id": self.session}))
        return await self.hear(socket)

    def _heard(self, data: bytes) -> None:
        """Each frame as it comes, before anybody waits for it."""
        self._tenant.ears.frames += 1
        self._tenant.ears.hear(data.decode(), "frame")
        frame = _decoder.decode(data)
        if frame.delta:
            self._joined(frame.delta)
        self.seq = max(self.seq, frame.seq)
        if not self._only_listens:
            self._frames.append(frame)
            self._news.set()

    async def hear(self, socket: LeanSocket) -> HeardFrame:
        """The next frame; SocketGone when there will be none."""
        while not self._frames:
            if socket.gone.is_set():
                raise SocketGone
            self._news.clear()
            await self._news.wait()
        return self._frames.popleft()

    async def ask(self, socket: LeanSocket, text: str, **fields: Any) -> dict[str, Any]:
        """One turn to its end."""
        turn = {"type": "turn.create", "id": f"{self._drawn.getrandbits(64):x}", "text": text, "cache": "bypass"}
        socket.send(json.dumps(turn | fields))
        async with asyncio.timeout(WITHIN_S):
            while (frame := await self.hear(socket)).type not in ENDED:
                pass
        self.counts[frame.status or frame.type] += 1
        return msgspec.to_builtins(frame)  # type: ignore[no-any-return]

    async def live(self, over: asyncio.Event) -> None:
        """Turn after turn, with misfortunes, until it is over."""
        lost = False
        while not over.is_set():
            with suppress(SocketGone, OSError):
                async with self.connected(self.seq if lost else None) as socket:
                    self.counts["reconnects"] += lost
                    if self._resumed:
                        await self._end_of_turn(socket)
                    while not over.is_set() and not (lost := await self._turn(socket)):
                        pass
                    if lost:
                        continue
            lost = True

    async def _end_of_turn(self, socket: LeanSocket) -> None:
        """The rest of the turn in whose middle the connection was lost, unless it came already."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_S):
                while (await self.hear(socket)).type not in ENDED:
                    pass

    async def _turn(self, socket: LeanSocket) -> bool:
        """Whether the connection is to be lost in the middle of it."""
        cache = "use" if self._drawn.random() < KEPT else "bypass"
        fate, after = self._drawn.random(), self._drawn.randrange(1, 12)
        turn = {"type": "turn.create", "id": f"{self._drawn.getrandbits(64):x}", "text": QUESTION, "cache": cache}
        socket.send(json.dumps(turn))
        seen, asked_to_end = 0, False
        async with asyncio.timeout(WITHIN_S):
            while (frame := await self.hear(socket)).type not in ENDED or frame.code == "turn_not_found":
                seen += frame.type == "turn.delta"
                if seen < after or asked_to_end:
                    continue
                if fate < LOSSES:
                    return True
                if fate < LOSSES + CANCELS:
                    socket.send(json.dumps({"type": "turn.cancel", "turn_id": frame.turn_id}))
                    asked_to_end = True
        self.counts[frame.status or frame.code or frame.type] += 1
        if frame.code == "turn_in_progress":  # one that a lost connection or a cancel left: it ends first
            await self._end_of_turn(socket)
        return False

    async def watch(self, over: asyncio.Event, other: Person) -> None:
        """The session of somebody, as another window of theirs has it."""
        await other.is_there.wait()
        self.session = other.session
        while not over.is_set():
            self._only_listens = False
            with suppress(SocketGone, OSError):
                async with self.connected() as socket:
                    self._only_listens = True
                    ends = [asyncio.ensure_future(one.wait()) for one in (socket.gone, over)]
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                    for end in ends:
                        end.cancel()


async def at_work(
    world: World, sessions: int, watchers: int, over: asyncio.Event
) -> tuple[Sequence[Person], asyncio.Task[Any]]:
    """So many sessions a tenant, each with so many more sockets that watch it; whoever waits for the task sees them
    end."""
    askers, crowd = [], []
    for number, tenant in enumerate(world.tenants):
        for n in range(sessions):
            asker = Person(world, tenant, f"user-{n}", seed=number * 1_000 + n)
            askers.append(asker)
            crowd.append(asker.live(over))
            crowd += [Person(world, tenant, f"user-{n}", seed=0).watch(over, asker) for _ in range(watchers)]

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for one in crowd:
                group.create_task(one)

    return askers, asyncio.create_task(all_of_them())


async def give_sessions(world: World) -> None:
    """A session with a turn for each tenant, titled and rated, and what was said there with a secret in it."""

    async def one(tenant: PopulatedTenant) -> None:
        word = world.secrets.word(tenant.id, "prompt")
        person = Person(world, tenant, "ada", seed=0)
        async with person.connected() as socket:
            ended = await person.ask(socket, f"{QUESTION} I say {word}.", metadata={word: [word]})
            tenant.ids |= {"session_id": person.session, "turn_id": ended["turn_id"]}
            comment = world.secrets.word(tenant.id, "comment")
            rated = {"type": "feedback.create", "id": "f", "turn_id": ended["turn_id"], "rating": "up"}
            socket.send(json.dumps(rated | {"comment": comment}))
        await asyncio.to_thread(title, tenant)

    def title(tenant: PopulatedTenant) -> None:
        with world.http(tenant) as http:
            titled = {"title": world.secrets.word(tenant.id, "session title")}
            good(http.patch(f"/v1/sessions/{tenant.ids['session_id']}", json=titled))

    for first in range(0, len(world.tenants), AT_ONCE):
        await asyncio.gather(*(one(tenant) for tenant in world.tenants[first : first + AT_ONCE]))
