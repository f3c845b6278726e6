"""The chat socket: frames in, commands out; the session's feed in, frames out. A socket is a cursor, nothing more."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from msgspec import UNSET, UnsetType

from api.connections import client_frames as f
from api.connections.client_socket import ClientGone, ClientSocket
from api.http.turn_answers import history, repeat
from api.problems import close_code
from api.services import Services
from api.socket.admission import SUBPROTOCOL, admit_socket
from application.clock import now, rfc3339
from application.sessions.live_session import LiveSession
from application.sessions.replay_session import Replay
from application.tasks import TaskSet
from domain.access import Principal
from domain.refusals import (
    Forbidden,
    InvalidField,
    RateLimited,
    Refusal,
    ResumeOutOfRange,
    SessionAlreadyOpen,
    SessionNotFound,
    SessionNotOpen,
)
from domain.session.commands import ConfirmTool, GiveFeedback

BAD_FRAMES = 10
SHORT = 4_096
OPEN_WITHIN_S = 30.0
FLUSH_S = 1.0
CLOSE_S = 2.0


class Closed(Exception):
    """The socket is done: close it with this code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(eq=False)
class ChatSocket:
    """One client's socket."""

    client: ClientSocket
    services: Services
    principal: Principal
    live: LiveSession | None = None
    cursor: int = 0
    first: int = 0
    bad_frames: int = 0
    unread_frames: int = 0
    expiry_told: bool = False
    ending: asyncio.Future[Closed] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until the client leaves or is told to go."""
        tasks = TaskSet("chat_socket")
        reader, writer = tasks.start_awaited(self._read()), tasks.start_awaited(self._write())
        try:
            await asyncio.wait((reader, writer, self.ending), return_when=asyncio.FIRST_COMPLETED)
            if self.ending.done():
                writer.cancel()
                await self._flush()
                raise self.ending.result()
            for task in (reader, writer):
                if task.done():
                    task.result()
        except Closed as closed:
            await self._close(closed.code, closed.reason)
        except ClientGone:
            pass  # its turn goes on
        finally:
            await tasks.end()
            if self.live:
                self.live.feed.watchers -= 1
                self.live.used = time.monotonic()

    # In

    async def _read(self) -> None:
        while True:
            text = await self._receive()
            if text is None:
                raise Closed(1003, "binary frames are not supported")
            try:
                self.services.edge.frames.pay(self.principal, len(text))
            except RateLimited as refusal:
                await self._refuse_unread(refusal, text)
                continue
            self.unread_frames = 0
            try:
                await self._handle(f.read_frame(text))
                self.bad_frames = 0
            except Refusal as refusal:
                await self._refuse(refusal, text)

    async def _refuse_unread(self, refusal: RateLimited, text: str) -> None:
        """Nobody is told more than is cheap to know, nor often."""
        await self.tell_error(refusal, f.client_id_of(text) if len(text) <= SHORT else UNSET)
        self.unread_frames += 1
        if self.unread_frames >= BAD_FRAMES:
            raise Closed(close_code(refusal), "too many frames")

    async def _receive(self) -> str | None:
        if self.live:
            return await self.client.receive()
        try:
            return await asyncio.wait_for(self.client.receive(), OPEN_WITHIN_S)
        except TimeoutError:
            raise Closed(4408, "no session.open in time") from None

    async def _refuse(self, refusal: Refusal, text: str) -> None:
        await self.tell_error(refusal, f.client_id_of(text))
        if isinstance(refusal, SessionNotFound | Forbidden):
            raise Closed(close_code(refusal), refusal.code)
        if refusal.retryable:
            return  # the frame was good, the moment was not
        self.bad_frames += 1
        if self.bad_frames >= BAD_FRAMES:
            raise Closed(4400, "too many bad frames")

    async def tell_error(self, refusal: Refusal, client_id: str | UnsetType = UNSET) -> None:
        """An `error` frame."""
        retry = UNSET if refusal.retry_after_s is None else refusal.retry_after_s
        await self.send(
            f.Error(
                **self.notice(), code=refusal.code, message=refusal.detail, client_id=client_id, retry_after_s=retry
            )
        )

    async def _handle(self, frame: f.AnyClientFrame) -> None:
        if isinstance(frame, f.SessionOpen):
            return await self._open(frame)
        if self.live is None:
            raise SessionNotOpen
        match frame:
            case f.TurnCreate():
                await self._create(self.live, frame)
            case f.TurnCancel():
                await self.services.turns.cancel_turn(self.live, frame.turn_id)
            case f.ToolConfirm(turn_id=turn_id, call=call, allow=allow):
                by = self.principal.user
                command = ConfirmTool(turn_id=turn_id, call=call, allow=allow, by=by)
                await self.services.turns.confirm_tool(self.live, command)
            case f.FeedbackCreate():
                given = GiveFeedback(turn_id=frame.turn_id, rating=frame.rating, comment=frame.comment)
                await self.services.turns.give_feedback(self.principal, self.live, given)
            case f.Ping():
                await self.send(f.Pong(**self.notice(), client_id=frame.id))
        return None

    async def _open(self, frame: f.SessionOpen) -> None:
        if self.live:
            raise SessionAlreadyOpen
        if frame.session_id is None:
            if frame.after_seq is not None:
                raise InvalidField("`after_seq` needs a `session_id`.")
            live = await self.services.sessions.open_session.begin(self.principal, frame.assistant)
        else:
            live = await self.services.sessions.open_session.find(self.principal, frame.session_id)
        self.cursor = self.first = first_cursor(live, frame.after_seq)
        self.live = live
        live.feed.watchers += 1
        told, older = history(live.state)
        await self.send(
            f.SessionOpened(
                **self.notice(),
                assistant=live.state.assistant,
                history=told,
                history_next=older,
                client_id=frame.id,
            )
        )
        self.opened.set()

    async def _create(self, live: LiveSession, frame: f.TurnCreate) -> None:
        turn, new = await self.services.turns.create_turn(
            self.principal,
            live,
            client_id=frame.id,
            text=frame.text,
            attachments=frame.attachments,
            use_cache=frame.cache == "use",
            metadata=frame.metadata,
        )
        if turn.digest:  # long past: what was said in it is with its facts alone
            turn = await Replay(self.services.store, str(live.id)).turn(turn.turn_id) or turn
        for told in [] if new else repeat(live, turn, self.cursor, self.first):
            await self.send(told)

    # Out

    async def _write(self) -> None:
        await self.opened.wait()
        live = self.live
        assert live is not None, "it is set before `opened`"
        feed = live.feed
        while True:
            await feed.news(self.cursor)
            if self.cursor < feed.floor:
                raise Closed(1013, "too far behind")
            for frame in feed.since(self.cursor):
                self.cursor = frame.seq
                await self.send(frame)

    async def _flush(self) -> None:
        """What the feed still holds for this socket, the end of its turn above all, before it is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                for frame in self.live.feed.since(self.cursor) if self.live else ():
                    self.cursor = frame.seq
                    await self.send(frame)

    async def send(self, frame: Any) -> None:
        """One frame out; the socket's watchdog ends a socket whose client does not read for too long."""
        await self.client.send(f.encode(frame).decode())

    @property
    def sending_since(self) -> float:
        """When the frame on its way out began; 0 while none is."""
        return self.client.sending_since

    def notice(self) -> dict[str, Any]:
        """What every frame without a seq of its own carries."""
        live = self.live
        return {"seq": self.cursor, "session_id": live.id.id if live else "", "at": rfc3339(now())}

    def hang_up(self, code: int, reason: str) -> None:
        """End the socket from outside."""
        if not self.ending.done():
            self.ending.set_result(Closed(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with suppress(ClientGone, TimeoutError):  # whatever happens while hanging up, the socket is over
            await asyncio.wait_for(self.client.close(code, reason), CLOSE_S)


def first_cursor(live: LiveSession, after_seq: int | None) -> int:
    """Where a socket begins to read: after what the client has, at the start of a running turn, or at the end."""
    feed = live.feed
    if after_seq is not None:
        if not feed.floor <= after_seq <= feed.seq:
            raise ResumeOutOfRange
        return after_seq
    return feed.turn_start if live.state.running else feed.seq


@websocket("/v1/chat", permission="chat", subprotocol=SUBPROTOCOL)
async def chat(socket: WebSocket[Any, Any, Any], services: NamedDependency[Services]) -> None:
    """`chat.v1`: see the public contract."""
    client = await admit_socket(socket, services)
    if client is None:
        return
    watched = ChatSocket(client, services, socket.user)
    services.edge.sockets.add(watched)
    try:
        await watched.run()
    finally:
        services.edge.sockets.remove(watched)
