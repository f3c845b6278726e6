"""One WebSocket of `chat.v1`: frames in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from .failures import Closed
from .frames import AnyFrame, Sent, encode, read_frame

PATH = "/v1/chat"
PROTOCOL = "chat.v1"
LARGEST_FRAME = 256 * 1024  # bytes, by the contract


class Lost(Exception):
    """The connection is gone, and may be made again; `close_code` is the WebSocket's, 1006 where there was none."""

    def __init__(self, why: str, close_code: int = 1006) -> None:
        super().__init__(why)
        self.close_code = close_code


class Socket(Protocol):
    """What a chat needs of a connection."""

    async def send(self, frame: Sent) -> None:
        """`Lost` when it is gone, `Closed` when it is gone for good."""
        ...

    async def receive(self) -> AnyFrame:
        """The next frame that is known here; raises as `send` does."""
        ...

    async def close(self) -> None:
        """Leave; twice is once."""
        ...


Connect = Callable[[], Awaitable[Socket]]
# What connecting again cannot mend: a protocol error, credentials, rights, a session that is not there.
FINAL = frozenset({1003, 1007, 1009, 4400, 4401, 4403, 4404})


class WebSocket:
    """`Socket` over the library `websockets`, whose `connection` it is; `receive_text` and `send_text` are the wire."""

    def __init__(self, connection: ClientConnection, within_s: float, renewable: bool) -> None:
        self.connection, self._within_s = connection, within_s
        self._final = FINAL - {4401} if renewable else FINAL

    @classmethod
    async def connect(
        cls, url: str, bearer: str, *, renewable: bool = False, within_s: float = 180.0, open_within_s: float = 10.0
    ) -> WebSocket:
        """Connect to the installation at `url` (`http://...`); `Lost` when it does not answer, `Closed` when it
        refuses. `within_s` is the longest silence that is waited for; with a `renewable` token its end is no end."""
        address = url.rstrip("/").replace("http", "ws", 1) + PATH
        headers = {"Authorization": bearer}
        try:
            return cls(
                await connect(
                    address,
                    additional_headers=headers,
                    subprotocols=[Subprotocol(PROTOCOL)],
                    compression=None,
                    max_size=LARGEST_FRAME,
                    open_timeout=open_within_s,
                ),
                within_s,
                renewable,
            )
        except InvalidStatus as refused:
            status = refused.response.status_code
            if status in (401, 403):
                raise Closed(4000 + status, f"the server refused to open a chat: {status}") from None
            raise Lost(f"status {status}") from None
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise Lost(str(error)) from None

    async def send(self, frame: Sent) -> None:
        """See `Socket`."""
        await self.send_text(encode(frame).decode())

    async def receive(self) -> AnyFrame:
        """See `Socket`."""
        while True:
            if (frame := read_frame(await self.receive_text())) is not None:
                return frame

    async def send_text(self, text: str) -> None:
        """One text frame as it is."""
        try:
            await self.connection.send(text)
        except ConnectionClosed as closed:
            raise self._gone(closed) from None

    async def receive_text(self) -> str:
        """The next text frame as it is."""
        try:
            async with asyncio.timeout(self._within_s):
                return str(await self.connection.recv())
        except ConnectionClosed as closed:
            raise self._gone(closed) from None
        except TimeoutError:
            raise Lost(f"nothing was heard for {self._within_s:.0f} s") from None

    async def close(self) -> None:
        """See `Socket`."""
        await self.connection.close()

    def _gone(self, closed: ConnectionClosed) -> Closed | Lost:
        code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
        return Closed(code, reason) if code in self._final else Lost(f"closed with {code} {reason}", code)
