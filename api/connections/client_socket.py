"""A client's WebSocket as we use it: whatever the framework raises when it is gone is one exception of ours."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

from litestar import WebSocket

from application.clock import monotonic

T = TypeVar("T")


class ClientGone(Exception):
    """Nobody is at the other end of the socket any more."""


class ClientSocket:
    """The only place that touches the framework's socket."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self._sending: list[float] = []

    @property
    def sending_since(self) -> float:
        """When the oldest frame began that is still on its way out, on the monotonic clock; 0 while none is."""
        return self._sending[0] if self._sending else 0.0

    async def accept(self, subprotocol: str | None) -> None:
        """Answer the handshake; `ClientGone`."""
        await _or_gone(self._socket.accept(subprotocols=subprotocol))

    async def receive(self) -> str | None:
        """The next text frame, or None for a binary one; `ClientGone` when the client has left."""
        message: Any = await _or_gone(self._socket.receive())
        if message["type"] == "websocket.disconnect":
            raise ClientGone
        text: str | None = message.get("text")
        return text

    async def send(self, text: str) -> None:
        """One text frame out; `ClientGone`."""
        began = monotonic()
        self._sending.append(began)
        try:
            await self._socket.send({"type": "websocket.send", "bytes": None, "text": text})
        except Exception as error:  # as in `_or_gone`: each frame of each stream goes through here
            raise ClientGone(type(error).__name__) from error
        finally:
            self._sending.remove(began)

    async def close(self, code: int, reason: str) -> None:
        """Close it; `ClientGone` when it is closed already."""
        await _or_gone(self._socket.close(code, reason[:120]))


async def _or_gone(doing: Awaitable[T]) -> T:
    try:
        return await doing
    except Exception as error:  # each server and framework has its own word for it, and some have several
        raise ClientGone(type(error).__name__) from error
