"""The chat socket: frames in, commands out; the session's feed in, frames out. A socket is a cursor, nothing more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from api.connections.client_socket import ClientGone, ClientSocket
from api.services import Services
from api.socket.admission import SUBPROTOCOL, admit_socket
from api.socket.client_commands import ClientCommands
from api.socket.frames_in import FramesIn
from api.socket.frames_out import Closed, FramesOut
from application.tasks import TaskSet
from domain.access import Principal
from domain.refusals import Refusal

CLOSE_S = 2.0


class ChatSocket:
    """One client's socket."""

    def __init__(self, client: ClientSocket, services: Services, principal: Principal) -> None:
        self.client, self.principal, self.expiry_told = client, principal, False
        self._out, self._watching = FramesOut(client), services.sessions.watching
        commands = ClientCommands(services, principal, self._out)
        self._in = FramesIn(client, services.edge.frames, principal, self._out, commands)
        self._ending: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serve until the client leaves or is told to go."""
        tasks = TaskSet("chat_socket")
        reader, writer = tasks.start_awaited(self._in.run()), tasks.start_awaited(self._out.follow())
        try:
            await asyncio.wait((reader, writer, self._ending), return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                writer.cancel()
                await self._out.flush()
                raise self._ending.result()
            for task in (reader, writer):
                if task.done():
                    task.result()
        except Closed as closed:
            await self._close(closed.code, closed.reason)
        except ClientGone:
            pass  # its turn goes on
        finally:
            await tasks.end()
            if live := self._out.live:
                self._watching.leave(live)

    @property
    def sending_since(self) -> float:
        """When the frame on its way out began; 0 while none is."""
        return self.client.sending_since

    def notice(self) -> dict[str, Any]:
        """What every frame without a seq of its own carries."""
        return self._out.notice()

    async def send(self, frame: Any) -> None:
        """One frame out; `ClientGone`."""
        await self._out.send(frame)

    async def tell_error(self, refusal: Refusal) -> None:
        """An `error` frame; `ClientGone`."""
        await self._out.tell_error(refusal)

    def hang_up(self, code: int, reason: str) -> None:
        """End the socket from outside."""
        if not self._ending.done():
            self._ending.set_result(Closed(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with suppress(ClientGone, TimeoutError):  # whatever happens while hanging up, the socket is over
            await asyncio.wait_for(self.client.close(code, reason), CLOSE_S)


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
