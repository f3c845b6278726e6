"""From a template to a page: the shell with its menu, and pages that say what went wrong."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
import msgspec
from litestar import MediaType, Request, Response

from api.console.assets import asset_url, library_url
from api.console.policy import page_headers
from api.problems import describe, refusal_of
from api.security.cookies import csrf_token, session_secret
from api.services import Services
from application.acting_tenant import acting_for
from domain.access import PLATFORM_TENANT, ROLES, Principal
from domain.refusals import Refusal

SIGN_IN = "/console/sign-in"


class MenuPage(msgspec.Struct, frozen=True):
    """A page of the menu: its name in URLs, what it is called, and what one must be allowed to see it."""

    name: str
    title: str
    permission: str

    @property
    def url(self) -> str:
        """Where it is."""
        return f"/console/{self.name}"


PAGES = (
    MenuPage("chat", "Chat", "chat"),
    MenuPage("costs", "Costs", "cost:read"),
    MenuPage("audit", "Audit", "audit:read"),
    MenuPage("operations", "Operations", "tenant:provision"),
)


INCIDENTS = ("incident:raise", "incident:manage")
"""What opens the page of incidents, which is linked at the menu's foot: nobody comes for it, many may need it."""


def pages_of(principal: Principal) -> list[MenuPage]:
    """Those that somebody may see."""
    return [page for page in PAGES if principal.may(page.permission)]


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("api.console"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.globals |= {"asset": asset_url, "library": library_url}
    return environment


async def render_page(
    request: Request[Principal, Any, Any], services: Services, name: str, *, charts: bool = False, **values: Any
) -> Response[str]:
    """A page in the shell, for somebody who is signed in: the template `<name>.html`."""
    shell = _shell(request, services, name, await _tenant_name(services, request.user.tenant))
    return _html(request, services, f"{name}.html", shell | values, 200, charts=charts)


def render_outside(request: Request[Any, Any, Any], services: Services, name: str, **values: Any) -> Response[str]:
    """A page for anybody."""
    return _html(request, services, f"{name}.html", {"page": name} | values, 200)


def render_failure(request: Request[Any, Any, Any], services: Services, error: Exception) -> Response[str]:
    """What went wrong, in words: in the shell where somebody is signed in, so that the way on is at hand."""
    problem, headers = describe(error)
    user = request.scope.get("user")
    values: dict[str, Any] = {"page": "failure", "problem": problem, "words": _words(problem.status, refusal_of(error))}
    if isinstance(user, Principal):
        values |= _shell(request, services, "failure")
    answer = _html(request, services, "failure.html" if "menu" in values else "stranger.html", values, problem.status)
    answer.headers |= {name: value for name, value in headers.items() if name == "retry-after"}
    return answer


def _words(status: int, refusal: Refusal) -> str:
    known = {
        403: "Your roles do not open this page.",
        404: "There is no page at this address.",
        429: "There were many requests in a short time. Please wait a moment and load the page again.",
        503: "A part that is needed for this does not answer now. Please try again in a moment.",
    }
    return known.get(status) or refusal.detail


def _shell(request: Request[Any, Any, Any], services: Services, page: str, tenant_name: str = "") -> dict[str, Any]:
    principal: Principal = request.user
    secret = session_secret(request.scope, services.edge.addresses.proxies.scheme(request.scope))
    return {
        "page": page,
        "menu": pages_of(principal),
        "incidents": any(map(principal.may, INCIDENTS)),
        "csrf": csrf_token(secret),
        "tenant": principal.tenant,
        "tenant_name": tenant_name,
        "user": principal.name,
        "roles": [role for role in ROLES if role in principal.roles],
    }


async def _tenant_name(services: Services, tenant: str) -> str:
    """What the tenant is called: only the platform's own tenant can look it up."""
    if tenant == PLATFORM_TENANT:
        return "Platform"
    with acting_for(PLATFORM_TENANT):
        rows = await services.tenants.directory.known([tenant])
    return rows[0].name if rows else tenant


def _html(
    request: Request[Any, Any, Any],
    services: Services,
    template: str,
    values: dict[str, Any],
    status: int,
    *,
    charts: bool = False,
) -> Response[str]:
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    headers = page_headers(request.scope, scheme, charts=charts)
    text = _templates().get_template(template).render(values)
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers)
