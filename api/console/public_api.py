"""The console's door to the public API: the same routes under `/console/api`, by the cookie alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from api.security.cookies import BY_COOKIE

DOOR = "/console/api"
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]


class ConsoleDoor:
    """Leads `/console/api/v1/...` to `/v1/...` and marks the request, which the guard then takes by its cookie alone.
    No route exists twice, and nothing else of the API is behind the door."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(DOOR + "/v1/"):
            scope["path"] = scope["path"].removeprefix(DOOR)
            scope["raw_path"] = scope["path"].encode()
            scope[BY_COOKIE] = True
        await self._app(scope, receive, send)
