"""A conversation: asks, streams, cancels, and goes on after a lost connection as if nothing had been."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Literal

from msgspec import UNSET

from . import frames as f
from .backoff import Backoff
from .failures import Closed, Refused, TurnFailed
from .web_socket import Connect, Lost, Socket

# Refusals that pass: of a server that restarts, or that has too much to do.
PASSING = ("draining", "overloaded")
NOT_THERE_ANY_MORE = "resume_out_of_range"


class Chat:
    """One session over as many connections as it takes; made by `Colloquy.chat`, one task at a time reads it.

    ```python
    async with colloquy.chat() as chat:
        async for frame in chat.ask("How long can I return coffee?"):
            if isinstance(frame, frames.Delta):
                print(frame.delta, end="")
    ```
    """

    def __init__(
        self,
        connect: Connect,
        *,
        assistant: str = "default",
        session_id: str | None = None,
        after_seq: int | None = None,
        renewable: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        """`connect` makes a socket; with a `renewable` token a new one is made in time where the old runs out."""
        self._connect, self._renewable, self._backoff = connect, renewable, backoff or Backoff()
        self._assistant, self._session_id, self.after_seq = assistant, session_id, after_seq
        self._socket: Socket | None = None
        self._connecting = asyncio.Lock()
        self._again, self._wait_s = False, 0.0
        self._newest = 0
        self.turn_id = ""  # the turn that is being answered, or was last
        self.opened: f.SessionOpened | None = None

    @property
    def session_id(self) -> str:
        """The session's id, once it is open."""
        return self._session_id or ""

    async def __aenter__(self) -> Chat:
        await self._connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    async def ask(
        self,
        text: str,
        *,
        id: str = "",
        cache: Literal["use", "bypass"] = "use",
        attachments: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> AsyncGenerator[f.AnyTurnFrame | f.Error, None]:
        """Ask, and give the turn's frames up to its end, `Completed` or `Failed`. Deltas after the last `Reset`,
        joined, are the answer's text; an `Error` is of something else that was sent meanwhile. `id` is the turn's own
        for good: asked again with it, it is neither answered nor paid twice. Refused when the server does not take the
        question, Closed when it cannot be reached any more."""
        asked = f.TurnCreate(
            id=id or new_id(), text=text, cache=cache, attachments=list(attachments), metadata=metadata or {}
        )
        self.turn_id, shown = "", False
        await self._send(asked)
        while True:
            try:
                frame = self._judged(await self._heard(), asked)
            except Lost:
                await self._leave()
                await self._connected()
                if self.after_seq is None and shown:  # the turn is told from its beginning
                    yield f.Reset(session_id=self.session_id, turn_id=self.turn_id, reason="reconnected")
                    shown = False
                if self.after_seq is None or not self.turn_id:
                    await self._send(asked)
                continue
            if isinstance(frame, f.Error):
                yield frame
            elif isinstance(frame, f.TurnFrame) and self._is_news(frame, asked):
                shown = shown or isinstance(frame, f.Delta)
                yield frame
                if isinstance(frame, f.Completed | f.Failed):
                    self.after_seq = self._newest
                    return

    async def answer(self, text: str, **more: Any) -> f.Completed:
        """The whole answer; TurnFailed when there is none. Takes what `ask` takes."""
        async with aclosing(self.ask(text, **more)) as told:
            async for frame in told:
                if isinstance(frame, f.Completed):
                    return frame
                if isinstance(frame, f.Failed):
                    raise _failed(frame.error)
        raise AssertionError("a turn ends in one of two ways")

    async def frames(self) -> AsyncGenerator[f.AnyFrame, None]:
        """Whatever happens in the session, for as long as one watches: turns that others ask too."""
        while True:
            try:
                yield await self._heard()
            except Lost:
                await self._leave()

    async def cancel(self, turn_id: str = "") -> None:
        """Stop the answer that runs, which then ends as `Completed` with the status `cancelled`."""
        await self._send(f.TurnCancel(id=new_id(), turn_id=turn_id or self.turn_id))

    async def confirm(self, call: str, allow: bool, turn_id: str = "") -> None:
        """Let a tool's call that waits (`ToolCall` with the status `waiting`) be made, or not."""
        given = f.ToolConfirm(id=new_id(), turn_id=turn_id or self.turn_id, call=call, allow=allow)
        await self._send(given)

    async def feedback(self, rating: Literal["up", "down"], comment: str = "", turn_id: str = "") -> None:
        """Rate an answer, the last one unless another is named."""
        id, turn = new_id(), turn_id or self.turn_id
        await self._send(f.FeedbackCreate(id=id, turn_id=turn, rating=rating, comment=comment))

    def _judged(self, frame: f.AnyFrame, asked: f.TurnCreate) -> f.AnyFrame:
        """The frame, unless it refuses the question: Lost when the refusal passes, Refused when it does not."""
        if not isinstance(frame, f.Error) or frame.client_id not in (asked.id, UNSET):
            return frame
        if frame.code in PASSING and not self.turn_id:
            self._wait_s = frame.retry_after_s or 0.0
            raise Lost(frame.message)
        raise _refused(frame)

    def _is_news(self, frame: f.TurnFrame, asked: f.TurnCreate) -> bool:
        """Whether a frame tells more of the turn that was asked for."""
        if isinstance(frame, f.Created) and frame.client_id == asked.id:
            known, self.turn_id = self.turn_id, frame.turn_id
            return known != frame.turn_id
        return frame.turn_id in ("", self.turn_id)

    async def _send(self, frame: f.Sent) -> None:
        while True:
            try:
                return await (await self._connected()).send(frame)
            except Lost:
                await self._leave()

    async def _heard(self) -> f.AnyFrame:
        frame = await (await self._connected()).receive()
        self._backoff.succeeded()
        if isinstance(frame, f.TurnFrame):
            self.after_seq, self._newest = frame.seq, max(self._newest, frame.seq)
        elif isinstance(frame, f.SessionDraining):
            self._wait_s = frame.reconnect_after_ms / 1000
        elif isinstance(frame, f.AuthExpiring) and self._renewable:
            raise Lost("the token runs out")
        return frame

    async def _leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket:
            await socket.close()

    async def _connected(self) -> Socket:
        """A socket on the session: the one there is, or a new one. Waits before each but the first as long as the
        server wished, and longer each time; Closed after too many in vain."""
        async with self._connecting:
            while self._socket is None:
                if self._again and not await self._backoff.wait(self._wait_s):
                    raise Closed(1006, "the server cannot be reached")
                self._again, self._wait_s = True, 0.0
                try:
                    socket = await self._connect()
                    try:
                        await self._open(socket)
                    except BaseException:
                        await socket.close()
                        raise
                except Lost:
                    continue
                self._socket = socket
            return self._socket

    async def _open(self, socket: Socket) -> None:
        """Begin the session, or come back: after the last frame that was seen, or anew if that is too long ago."""
        await socket.send(self._opening())
        while not isinstance(told := await socket.receive(), f.SessionOpened):
            if not isinstance(told, f.Error):
                continue
            if told.code == NOT_THERE_ANY_MORE and self.after_seq is not None:
                self.after_seq = None
                await socket.send(self._opening())
            elif told.code in PASSING:
                self._wait_s = told.retry_after_s or 0.0
                raise Lost(told.message)
            else:
                raise _refused(told)
        self.opened, self._session_id = told, told.session_id

    def _opening(self) -> f.SessionOpen:
        return f.SessionOpen(assistant=self._assistant, session_id=self._session_id, after_seq=self.after_seq)


def new_id() -> str:
    """An id that nobody else has."""
    return secrets.token_hex(16)


def _refused(frame: f.Error) -> Refused:
    after_s = frame.retry_after_s or None
    return Refused(frame.code, frame.message, retryable=after_s is not None, retry_after_s=after_s)


def _failed(error: dict[str, Any]) -> TurnFailed:
    retryable, after_s = bool(error.get("retryable")), error.get("retry_after_s")
    return TurnFailed(error["code"], error["message"], retryable=retryable, retry_after_s=after_s)
