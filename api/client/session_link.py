"""The way to one session: a socket that is made again whenever it is lost, as the server wishes and not for ever."""

from __future__ import annotations

import asyncio

from . import frames as f
from .backoff import Backoff
from .failures import Closed, Refused
from .web_socket import Connect, Lost, Socket

# Refusals that pass: of a server that restarts, or that has too much to do.
PASSING = ("draining", "overloaded")
NOT_THERE_ANY_MORE = "resume_out_of_range"


class SessionLink:
    """A session over as many connections as it takes. What is sent goes over the next one where one is lost; whoever
    listens is told (`Lost`), for they know what they were waiting for."""

    def __init__(
        self, connect: Connect, assistant: str, session_id: str | None, after_seq: int | None, *,
        renewable: bool, backoff: Backoff,
    ) -> None:  # fmt: skip
        """`connect` makes a socket; with a `renewable` token a new one is made in time where the old runs out."""
        self._connect, self._renewable, self._backoff = connect, renewable, backoff
        self._assistant, self.session_id, self.after_seq = assistant, session_id, after_seq
        self._socket: Socket | None = None
        self._connecting = asyncio.Lock()
        self._again = False
        self.wait_s = 0.0
        self.newest = 0  # the largest number of a frame so far
        self.opened: f.SessionOpened | None = None

    async def send(self, frame: f.Sent) -> None:
        """Over the connection there is, or over the next."""
        while True:
            try:
                return await (await self.connected()).send(frame)
            except Lost:
                await self.leave()

    async def receive(self) -> f.AnyFrame:
        """The next frame; Lost when the connection is, and has to be left."""
        frame = await (await self.connected()).receive()
        self._backoff.succeeded()
        if isinstance(frame, f.TurnFrame):
            self.after_seq, self.newest = frame.seq, max(self.newest, frame.seq)
        elif isinstance(frame, f.SessionDraining):
            self.wait_s = frame.reconnect_after_ms / 1000
        elif isinstance(frame, f.AuthExpiring) and self._renewable:
            raise Lost("the token runs out")
        return frame

    async def leave(self) -> None:
        """Close the connection, if there is one."""
        socket, self._socket = self._socket, None
        if socket:
            await socket.close()

    async def connected(self) -> Socket:
        """A socket on the session: the one there is, or a new one. Waits before each but the first as long as the
        server wished, and longer each time; Closed after too many in vain."""
        async with self._connecting:
            while self._socket is None:
                if self._again and not await self._backoff.wait(self.wait_s):
                    raise Closed(1006, "the server cannot be reached")
                self._again, self.wait_s = True, 0.0
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
                self.wait_s = told.retry_after_s or 0.0
                raise Lost(told.message)
            else:
                raise refused(told)
        self.opened, self.session_id = told, told.session_id

    def _opening(self) -> f.SessionOpen:
        return f.SessionOpen(assistant=self._assistant, session_id=self.session_id, after_seq=self.after_seq)


def refused(frame: f.Error) -> Refused:
    """What a frame says that refuses something."""
    after_s = frame.retry_after_s or None
    return Refused(frame.code, frame.message, retryable=after_s is not None, retry_after_s=after_s)
