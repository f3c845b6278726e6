"""The documents as they are, and as pages for people: no script, no other host, the strictest policy."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from api.docs.asyncapi import chat_document
from api.docs.openapi import openapi_document

HTML = "text/html; charset=utf-8"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
# Pages and what they load are no part of the API that programs use.
LEFT_OUT = ("/console", "/favicon", "/docs")
STYLE = Path(__file__).parent / "docs.css"
DocsRequest = Request[Any, Any, Any]


@get("/docs", public=True)
async def show_http(request: DocsRequest) -> Response[str]:
    """The HTTP routes, as a page."""
    return _page("http.html", await _http(request))


@get("/docs/openapi.json", public=True)
async def show_openapi(request: DocsRequest) -> Response[dict[str, Any]]:
    """The HTTP routes, as OpenAPI 3.1."""
    return Response(await _http(request), headers=HEADERS)


@get("/docs/chat", public=True)
async def show_chat(request: DocsRequest) -> Response[str]:
    """The chat socket's frames, as a page."""
    return _page("chat.html", chat_document())


@get("/docs/chat.json", public=True)
async def show_asyncapi(request: DocsRequest) -> Response[dict[str, Any]]:
    """The chat socket's frames, as AsyncAPI 3."""
    return Response(chat_document(), headers=HEADERS)


@get("/docs/docs.css", public=True)
async def show_style(request: DocsRequest) -> Response[bytes]:
    """How the pages look."""
    return Response(await asyncio.to_thread(STYLE.read_bytes), media_type="text/css; charset=utf-8", headers=HEADERS)


async def _http(request: DocsRequest) -> dict[str, Any]:
    """The document of the app that is asked, made once, beside the event loop: it takes a second."""
    state = request.app.state
    if (document := state.get("openapi")) is None:
        document = state["openapi"] = await asyncio.to_thread(openapi_document, documented(request.app.routes))
    made: dict[str, Any] = document
    return made


def documented(routes: Any) -> list[HTTPRouteHandler]:
    """The handlers of the public API."""
    found = {
        handler.fn: handler
        for route in routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler) and "OPTIONS" not in handler.http_methods
    }
    return [handler for handler in found.values() if not any(path.startswith(LEFT_OUT) for path in handler.paths)]


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader("api.docs")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["json"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return environment


def _page(template: str, document: dict[str, Any]) -> Response[str]:
    text = _templates().get_template(template).render(document=document)
    return Response(text, media_type=HTML, headers=HEADERS)
