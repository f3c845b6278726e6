"""The Litestar application: every handler of the API, the console and the chat socket, behind the guard."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope

import api.console
import api.docs
import api.http
from api.console.assets import own_assets
from api.console.pages import answer_failure
from api.console.public_api import ConsoleDoor
from api.http.openai.errors import answer_failed, is_openai
from api.http.request.json_body import JsonRequest
from api.security.guard import guard
from api.server.edge_middleware import EdgeMiddleware, remember
from api.services import SERVICES, Services, services_of

MAX_BODY = 1024 * 1024


class App:
    """The routes over opened services. It opens and closes nothing by itself."""

    def __init__(self, services: Services) -> None:
        self._services = services
        routed()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        scope[SERVICES] = self._services
        await routed()(scope, receive, send)


@cache
def routed() -> Litestar:
    """All routes, put together once in a process: what they work with comes with each connection."""
    own_assets()  # read and compressed now, not while somebody waits
    app = Litestar(
        route_handlers=list(all_routes()),
        guards=[guard],
        dependencies={"services": Provide(_the_services)},
        exception_handlers={Exception: _answer},
        after_exception=[remember],
        request_class=JsonRequest,
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
        # Names that annotations of handlers use; handlers import `Services` under the same name.
        signature_namespace={"Services": Services, "Any": Any},
    )
    app.asgi_handler = EdgeMiddleware(ConsoleDoor(app.asgi_handler))
    return app


async def _the_services(scope: Scope) -> Services:
    return services_of(scope)


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if is_openai(request.scope["path"]):
        return answer_failed(request, error)
    return answer_failure(request, services_of(request.scope), error)


def all_routes() -> Iterator[BaseRouteHandler]:
    """Whatever handler stands in a file of these rooms is a route, and so is the chat socket."""
    rooms = (api.http, api.console, api.docs)
    modules = [f"{room.__name__}.{found.name}" for room in rooms for found in pkgutil.iter_modules(room.__path__)]
    for name in [*modules, "api.socket.chat_socket"]:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, HTTPRouteHandler | WebsocketRouteHandler):
                yield value
