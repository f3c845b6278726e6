"""The port that a process has for those who run it: its health and its metrics, apart from what it does for users."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST

from api.connections.listening import listen
from api.readiness import ReadinessReport
from api.settings import Settings
from api.telemetry.metrics import MetricsText

Report = Callable[[], Awaitable[ReadinessReport]]
JSON = "application/json"
AT_ONCE = 32
"""Probes and scrapes that are answered at a time; what is more is told to come back."""
STOP_S = 2


class OwnPort:
    """Three paths as an ASGI application: `/health/live`, `/health/ready`, `/metrics`."""

    def __init__(self, report: Report) -> None:
        self._report, self._text = report, MetricsText()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, media, body = await self._answer(str(scope["path"]) if scope["method"] in ("GET", "HEAD") else "")
        headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str) -> tuple[int, str, bytes]:
        match path:
            case "/health/live":
                return 200, JSON, b'{"status":"live"}'
            case "/health/ready":
                report = await self._report()
                return 503 if report.status == "down" else 200, JSON, msgspec.json.encode(report)
            case "/metrics":  # in a thread: to write thousands of numbers takes longer than a stream may wait
                return 200, CONTENT_TYPE_LATEST, await asyncio.to_thread(self._text)
        return 404, "text/plain", b"there are /health/live, /health/ready and /metrics\n"


@asynccontextmanager
async def own_port(settings: Settings, job: str, report: Report) -> AsyncIterator[None]:
    """Serve for as long as the block runs; `OSError` when the port is taken. There is none without a setting: a port,
    or a folder of targets, for which any port will do."""
    if not settings.metrics_port and not settings.metrics_targets:
        yield
        return
    import uvicorn  # a job without a port starts without it

    config = uvicorn.Config(
        OwnPort(report), lifespan="off", ws="none", log_config=None, access_log=False, server_header=False,
        limit_concurrency=AT_ONCE, timeout_graceful_shutdown=STOP_S,
    )  # fmt: skip
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = listen(settings.host, settings.metrics_port)
    host, port = listener.getsockname()[:2]
    await server.startup(sockets=[listener])  # not `serve`, which would take the process's signals
    try:
        with _announced(settings.metrics_targets, job, f"{host}:{port}"):
            yield
    finally:
        await server.shutdown(sockets=[listener])


@contextmanager
def _announced(folder: str, job: str, address: str) -> Iterator[None]:
    """A file as Prometheus' file discovery reads it, for as long as the block runs."""
    if not folder:
        yield
        return
    target = Path(folder) / f"{job}-{os.getpid()}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode([{"targets": [address], "labels": {"component": job}}]))
    draft.replace(target)
    try:
        yield
    finally:
        target.unlink(missing_ok=True)
