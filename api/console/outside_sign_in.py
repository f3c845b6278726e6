"""Signing in to the console at an outside identity provider: there by a page of ours, and back with a code."""

from __future__ import annotations

import hmac
from typing import Any

import structlog
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.console.rendering import SIGN_IN, render_outside
from api.console.sign_in import begin_session
from api.security.cookies import set_attempt, sign_in_attempt
from api.security.origins import own_origin
from api.services import Services
from domain.access import Identity
from domain.refusals import DependencyUnavailable, NotFound, Refusal, Unauthorized

ATTEMPT_S = 600
FAILED = "You were not signed in. Please try again; if it happens again, tell whoever runs this installation."
AWAY = "The identity provider does not answer now. Please try again in a moment."
AnyRequest = Request[Any, Any, Any]
log = structlog.get_logger()


@get("/console/sign-in/with/{provider:str}", public=True)
async def go_to_provider(
    provider: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Response[str]:
    """On to the provider's page, from a page of ours alone. The way there is a page too: a form may lead to nobody
    else's (`form-action`), not even by a redirection."""
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    if not own_origin(request.scope["headers"], scheme):
        return _onward(request, services, "Sign in", SIGN_IN)
    try:
        attempt, url = await services.access.outside.begin(provider, _redirect_uri(request, scheme, provider))
    except (DependencyUnavailable, NotFound) as refusal:
        return _failed(request, services, refusal)
    answer = _onward(request, services, "Signing in", url)
    answer.headers["set-cookie"] = set_attempt(request.scope, scheme, attempt, ATTEMPT_S)
    return answer


@get("/console/sign-in/from/{provider:str}", public=True)
async def come_from_provider(
    provider: FromPath[str], request: AnyRequest, services: NamedDependency[Services]
) -> Response[str]:
    """Back from there, with a code that is worth nothing without what this browser knows. A page leads on: a cookie
    that is for this site alone is not sent with what another site began."""
    address = services.edge.addresses.proxies.client(request.scope)
    services.edge.addresses.check_failures(address)
    try:
        cookie = await begin_session(request, services, await _vouched_for(request, services, provider))
    except (DependencyUnavailable, Unauthorized, NotFound) as refusal:
        services.edge.addresses.failed(address)
        return _failed(request, services, refusal)
    answer = _onward(request, services, "Signed in", "/console")
    answer.headers["set-cookie"] = cookie
    return answer


async def _vouched_for(request: AnyRequest, services: Services, provider: str) -> Identity:
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    attempt, said = sign_in_attempt(request.scope, scheme), request.query_params
    state = str(said.get("state", "")).encode()
    if attempt is None or attempt.provider != provider or not hmac.compare_digest(attempt.state.encode(), state):
        raise Unauthorized("an answer that this browser did not ask for")
    redirect_uri = _redirect_uri(request, scheme, provider)
    return await services.access.outside.finish(
        attempt, str(said.get("code", "")), redirect_uri, str(said.get("iss", ""))
    )


def _redirect_uri(request: AnyRequest, scheme: str, provider: str) -> str:
    """Where the provider sends a browser back to: one for each, so that no answer is taken for another's."""
    return f"{scheme}://{request.headers.get('host', '')}/console/sign-in/from/{provider}"


def _onward(request: AnyRequest, services: Services, title: str, url: str) -> Response[str]:
    return render_outside(request, services, "onward", title=title, onward=url)


def _failed(request: AnyRequest, services: Services, refusal: Refusal) -> Response[str]:
    """The page to sign in at, with a word for people; the reason is in the log."""
    log.info("not_signed_in", reason=refusal.detail)
    away = isinstance(refusal, DependencyUnavailable)
    offered = services.access.outside.offered()
    answer = render_outside(request, services, "sign-in", providers=offered, failed=AWAY if away else FAILED)
    answer.status_code = 503 if away else 401
    return answer
