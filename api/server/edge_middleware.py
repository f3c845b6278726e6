"""The outermost layer of the app: a trace id for everything, one log line and one measurement at its end, and a
proper answer to handshakes that are refused."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from litestar.exceptions import HTTPException, WebSocketException

from api.connections.told_to_wait import MORE
from api.http.openai.errors import is_openai, raw_failure
from api.problems import TABLE, close_code, raw_problem, refusal_of
from api.services import services_of
from api.telemetry import metrics
from api.telemetry.trace import begin_trace
from domain.access_denials import THEIRS
from domain.refusals import InvalidCharacter, InvalidMessage, Refusal

# ASGI's own shapes: what a message holds depends on its type, which its readers check.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
ERROR = "colloquy.error"
log = structlog.get_logger()


async def remember(error: Exception, scope: Scope) -> None:
    """Litestar's hook after an exception: kept for the end of the request; our own faults are logged whole, and who
    asked for what is a colleague's is noted for the tenant's auditors."""
    scope[ERROR] = error
    if isinstance(error, Refusal) and error.of_somebody_else:
        route = f"{scope.get('method', 'SOCKET')} {scope.get('path_template', '')}"
        services_of(scope).access.denials.note(scope["user"], route, THEIRS)
    if refusal_of(error).code in ("internal", "dependency_unavailable") and not _is_gone(error):
        log.error("failed", error=type(error).__name__, exc_info=error)


class EdgeMiddleware:
    """Wraps Litestar's own handler, so that unknown paths are seen as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin_trace(scope["headers"])
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._socket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 499  # the client left before there was an answer

        async def answer(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), (b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": headers}
            await send(message)

        waiting = services_of(scope).edge.told_to_wait
        if told := waiting.again(scope):
            await refuse_http(waiting.left(told), scope, answer)
            return _measure(scope, told.route, status, time.perf_counter() - began)
        if _has_nul(scope):
            await refuse_http(InvalidCharacter(), scope, answer)
        else:
            await self._app(scope, receive, answer)
        _note(scope, status, time.perf_counter() - began)
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted, code = False, 1006

        async def answer(message: Any) -> None:
            nonlocal accepted, code
            if message["type"] == "websocket.accept":
                accepted = True
                metrics.ws_connections.inc()
            elif message["type"] == "websocket.close":
                error = scope.get(ERROR)
                if not accepted:
                    return await deny(error or InvalidMessage(), scope, send)
                if isinstance(error, Exception) and not isinstance(error, WebSocketException):
                    code = close_code(refusal_of(error))
                    message = {"type": "websocket.close", "code": code, "reason": "internal"}
                code = message["code"]
            return await send(message)

        async def listen() -> Any:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect" and code == 1006:
                code = message.get("code", 1006)
            return message

        try:
            await self._app(scope, listen, answer)
        finally:
            if accepted:
                metrics.ws_connections.dec()
                metrics.ws_closes.labels(metrics.named(code, metrics.CLOSES | metrics.OUR_CLOSES)).inc()
                log.info("socket_closed", route=scope.get("path_template", ""), code=code)


async def refuse_http(error: Exception, scope: Scope, send: Send) -> None:
    """Answer with a problem document, or what OpenAI's clients read, without any framework."""
    body, status, headers = (raw_failure if is_openai(scope["path"]) else raw_problem)(error)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def deny(error: Any, scope: Scope, send: Send) -> None:
    """Refuse a handshake with a status and a problem document (ASGI: WebSocket Denial Response); servers without that
    extension answer 403 by themselves."""
    body, status, headers = raw_problem(error)
    log.info("handshake_refused", route=scope.get("path_template", ""), status=status)
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": TABLE["forbidden"][1], "reason": ""})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


def _has_nul(scope: Scope) -> bool:
    """No store can keep a NUL, so no name or filter can hold one."""
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


def _note(scope: Scope, status: int, seconds: float) -> None:
    route, method = str(scope.get("path_template") or "unknown"), metrics.named(scope["method"], metrics.METHODS)
    _measure(scope, route, status, seconds)
    more = {"more": scope[MORE]} if scope.get(MORE) else {}
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), **more)


def _measure(scope: Scope, route: str, status: int, seconds: float) -> None:
    method = metrics.named(scope["method"], metrics.METHODS)
    metrics.http_requests.labels(method, route, str(status)).inc()
    metrics.http_duration.labels(method, route).observe(seconds)


def _is_gone(error: Exception) -> bool:
    """A client that left is nobody's fault: uvicorn raises it as an OSError of its own kind."""
    return type(error).__name__ == "ClientDisconnected" or (
        isinstance(error, HTTPException) and error.detail == "client disconnected prematurely"
    )
