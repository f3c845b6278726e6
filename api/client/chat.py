"""A conversation: asks, streams, cancels, and goes on after a lost connection as if nothing had been."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Literal

from msgspec import UNSET

from . import frames as f
from .backoff import Backoff
from .failures import TurnFailed
from .session_link import PASSING, SessionLink, refused
from .web_socket import Connect, Lost


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
        chosen = backoff or Backoff()
        self._link = SessionLink(connect, assistant, session_id, after_seq, renewable=renewable, backoff=chosen)
        self.turn_id = ""  # the turn that is being answered, or was last

    @property
    def session_id(self) -> str:
        """The session's id, once it is open."""
        return self._link.session_id or ""

    @property
    def after_seq(self) -> int | None:
        """The number of the last frame that was seen: with it another chat goes on from there."""
        return self._link.after_seq

    @property
    def opened(self) -> f.SessionOpened | None:
        """How the session was found when it was opened last."""
        return self._link.opened

    async def __aenter__(self) -> Chat:
        await self._link.connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.leave()

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
        await self._link.send(asked)
        while True:
            try:
                frame = self._judged(await self._link.receive(), asked)
            except Lost:
                await self._link.leave()
                await self._link.connected()
                if self.after_seq is None and shown:  # the turn is told from its beginning
                    yield f.Reset(session_id=self.session_id, turn_id=self.turn_id, reason="reconnected")
                    shown = False
                if self.after_seq is None or not self.turn_id:
                    await self._link.send(asked)
                continue
            if isinstance(frame, f.Error):
                yield frame
            elif isinstance(frame, f.TurnFrame) and self._is_news(frame, asked):
                shown = shown or isinstance(frame, f.Delta)
                yield frame
                if isinstance(frame, f.Completed | f.Failed):
                    self._link.after_seq = self._link.newest
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
                yield await self._link.receive()
            except Lost:
                await self._link.leave()

    async def cancel(self, turn_id: str = "") -> None:
        """Stop the answer that runs, which then ends as `Completed` with the status `cancelled`."""
        await self._link.send(f.TurnCancel(id=new_id(), turn_id=turn_id or self.turn_id))

    async def confirm(self, call: str, allow: bool, turn_id: str = "") -> None:
        """Let a tool's call that waits (`ToolCall` with the status `waiting`) be made, or not."""
        given = f.ToolConfirm(id=new_id(), turn_id=turn_id or self.turn_id, call=call, allow=allow)
        await self._link.send(given)

    async def feedback(self, rating: Literal["up", "down"], comment: str = "", turn_id: str = "") -> None:
        """Rate an answer, the last one unless another is named."""
        id, turn = new_id(), turn_id or self.turn_id
        await self._link.send(f.FeedbackCreate(id=id, turn_id=turn, rating=rating, comment=comment))

    def _judged(self, frame: f.AnyFrame, asked: f.TurnCreate) -> f.AnyFrame:
        """The frame, unless it refuses the question: Lost when the refusal passes, Refused when it does not."""
        if not isinstance(frame, f.Error) or frame.client_id not in (asked.id, UNSET):
            return frame
        if frame.code in PASSING and not self.turn_id:
            self._link.wait_s = frame.retry_after_s or 0.0
            raise Lost(frame.message)
        raise refused(frame)

    def _is_news(self, frame: f.TurnFrame, asked: f.TurnCreate) -> bool:
        """Whether a frame tells more of the turn that was asked for."""
        if isinstance(frame, f.Created) and frame.client_id == asked.id:
            known, self.turn_id = self.turn_id, frame.turn_id
            return known != frame.turn_id
        return frame.turn_id in ("", self.turn_id)


def new_id() -> str:
    """An id that nobody else has."""
    return secrets.token_hex(16)


def _failed(error: dict[str, Any]) -> TurnFailed:
    retryable, after_s = bool(error.get("retryable")), error.get("retry_after_s")
    return TurnFailed(error["code"], error["message"], retryable=retryable, retry_after_s=after_s)
