"""The server process: uvicorn with our limits, and a clean stop that lets running turns finish."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import socket
import sys
from functools import partial
from types import FrameType

import structlog
import uvicorn

from api.connections.listening import listen
from api.connections.own_port import own_port
from api.connections.socket_limits import LimitedSocket
from api.readiness import ReadinessReport
from api.server.app import App
from api.server.connection_end import Deadlines
from api.server.head_limits import LimitedHttp
from api.services import Services
from api.settings import Settings
from api.telemetry.loop_watch import LoopWatch
from application.sessions.frame_limits import MAX_FRAME
from application.tasks import Loops, TaskSet

BACKLOG = 4096
PING_S = 20.0
UNSENT_MS = 30_000
CLOSE_S = 5
COLLECT_AFTER = (2_000, 100, 50)
"""Objects, and rounds of the generation before, until the garbage collector looks again. With 10,000 objects its look
at the newest alone held the event loop for 20 ms once in ten thousand texts."""
log = structlog.get_logger()


class DrainingServer(uvicorn.Server):
    """On the first SIGTERM or SIGINT it drains, then closes; on the second it leaves at once."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services
        self._draining: asyncio.Task[None] | None = None
        self._loops = Loops()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What is there now stays: the garbage collector need not walk it again and again. From here on somebody waits
        when the loop stands still."""
        await super().startup(sockets)
        freeze_garbage()
        self._loops.keep("loop_watch", LoopWatch().run)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn would raise the signal again at its end and so exit with 143; a clean stop exits with 0."""
        if not self.should_exit:
            self.should_exit = True
            return
        self.force_exit = True
        if self._draining:
            self._draining.get_loop().call_soon_threadsafe(self._draining.cancel)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """While others look away all goes on; then nothing new, then everything that runs, and only then the sockets
        (with 1012)."""
        self._draining = TaskSet("drain").start(self._drain())
        await asyncio.wait([self._draining])
        await super().shutdown(sockets)
        await self._loops.end()

    async def _drain(self) -> None:
        admission = self._services.edge.admission
        admission.leaving = True
        if leave_s := self._services.settings.leave_s:
            log.info("leaving", within_s=leave_s)
            await asyncio.sleep(leave_s)
        admission.draining = True
        for listener in self.servers:
            listener.close()
        await drain(self._services)


async def drain(services: Services) -> None:
    """Announce, wait for running turns within their time, then hang up."""
    log.info("draining", sockets=len(services.edge.sockets))
    await services.edge.sockets.announce_drain()
    await services.turns.drain(services.settings.drain_s)
    services.edge.sockets.hang_up_all(1012, "restarting")


def freeze_garbage() -> None:
    """Libraries and routes are half a million objects; walking them all stops every stream for a quarter of a second,
    several times in a burst of turns."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def serve(services: Services, listener: socket.socket) -> None:
    """Serve on a bound socket until told to stop, then drain. The caller closes the services."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Inherited by every connection: a peer that takes nothing for so long is gone, whatever its pongs say.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_MS)
    server = DrainingServer(server_config(services), services)
    await server.serve(sockets=[listener])
    if server.force_exit:
        raise SystemExit(1)


def server_config(services: Services, deadlines: Deadlines = Deadlines()) -> uvicorn.Config:  # noqa: B008  # frozen
    """uvicorn with our limits over our app."""
    limits = {"limits": services.edge.addresses, "deadlines": deadlines}
    return uvicorn.Config(
        App(services),
        http=type("Http", (LimitedHttp,), limits),
        ws=type("Socket", (LimitedSocket,), limits),
        ws_max_size=MAX_FRAME,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
        backlog=BACKLOG,
        timeout_keep_alive=deadlines.idle_s,
        timeout_graceful_shutdown=CLOSE_S,
    )


def serve_forever(settings: Settings, fd: int | None = None) -> None:
    """The `serve` command: open the services, serve, close them. `fd` is a bound socket handed down by a parent."""
    import uvloop

    from api.composition.wiring import open_services
    from api.telemetry.logging import configure_logging

    configure_logging(settings)
    _allow_many_files()
    listener = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)

    async def main() -> None:
        async with open_services(settings) as services, own_port(settings, "api", partial(_report, services)):
            await serve(services, listener)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the server has its own: nothing is served yet
    uvloop.run(main())


async def _report(services: Services) -> ReadinessReport:
    return await services.edge.readiness.report(draining=services.edge.admission.draining)


def _allow_many_files() -> None:
    """A socket is a file: take as many as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
