"""The console's pages, each with what one must be allowed to see it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.console.policy import page_headers
from api.console.rendering import INCIDENTS, SIGN_IN, pages_of, render_failure, render_outside, render_page
from api.problems import answer_problem, refusal_of
from api.services import Services
from domain.access import Principal

PageRequest = Request[Principal, Any, Any]


@get("/console", permission="ticket:issue", by_cookie=True)
async def show_first(request: PageRequest, services: NamedDependency[Services]) -> Response[Any]:
    """The first page that the caller's roles open; or the words that they open none."""
    pages = pages_of(request.user)
    if not pages:
        return await render_page(request, services, "nothing")
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    return Redirect(pages[0].url, status_code=303, headers=page_headers(request.scope, scheme))


@get(SIGN_IN, public=True)
async def show_sign_in(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[str]:
    """Where a link leads: its secret is in the fragment, which no browser sends. And where providers are named, the way
    to sign in at theirs."""
    return render_outside(request, services, "sign-in", providers=services.access.outside.offered(), failed="")


@get("/console/chat", permission="chat", by_cookie=True)
async def show_chat(request: PageRequest, services: NamedDependency[Services]) -> Response[str]:
    """Somebody in a conversation."""
    return await render_page(request, services, "chat", speaker=services.settings.speaker)


@get("/console/costs", permission="cost:read", by_cookie=True)
async def show_costs(request: PageRequest, services: NamedDependency[Services]) -> Response[str]:
    """An analyst the money."""
    return await render_page(request, services, "costs", charts=True)


@get("/console/audit", permission="audit:read", by_cookie=True)
async def show_audit(request: PageRequest, services: NamedDependency[Services]) -> Response[str]:
    """An auditor the history."""
    return await render_page(request, services, "audit")


@get("/console/incidents", permission=INCIDENTS, by_cookie=True)
async def show_incidents(request: PageRequest, services: NamedDependency[Services]) -> Response[str]:
    """A member what they have raised, an admin all of it."""
    return await render_page(request, services, "incidents")


@get("/console/operations", permission="tenant:provision", by_cookie=True)
async def show_operations(request: PageRequest, services: NamedDependency[Services]) -> Response[str]:
    """Somebody on call the installation."""
    return await render_page(request, services, "operations")


def answer_failure(request: Request[Any, Any, Any], services: Services, error: Exception) -> Response[Any]:
    """Failures of a page are pages, and who is not signed in is shown where to; all others are problem documents."""
    if request.method not in ("GET", "HEAD") or not _is_page(request.scope["path"]):
        return answer_problem(request, error)
    if refusal_of(error).code == "unauthorized":
        scheme = services.edge.addresses.proxies.scheme(request.scope)
        return Redirect(SIGN_IN, status_code=303, headers=page_headers(request.scope, scheme))
    return render_failure(request, services, error)


def _is_page(path: str) -> bool:
    return path == "/console" or (path.startswith("/console/") and not path.startswith("/console/api/"))
