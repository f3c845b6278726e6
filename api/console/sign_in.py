"""Signing in and out: a link that is good once becomes a browser's session, which its cookie names."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from api.security.cookies import session_secret, set_cookie
from api.security.origins import own_origin
from api.services import Services
from application.acting_tenant import acting_for
from domain.access import Identity, Principal
from domain.refusals import Forbidden, Unauthorized

LINK_S = 600
log = structlog.get_logger()


class Link(msgspec.Struct, frozen=True):
    """Where a link leads on this installation, and for how many seconds it is good."""

    path: str
    expires_in: int


class SignIn(msgspec.Struct, frozen=True):
    """The secret of a link."""

    secret: Annotated[str, Meta(max_length=200)]


@post("/console/links", permission="ticket:issue", makes_links=True, status_code=201)
async def make_link(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> Link:
    """A link for whom the token names; only a token that was made for this is taken."""
    user = request.user
    named = Identity(user.tenant, user.name, user.roles, user.expires_at, user.token_id, user.issued_at, user.groups)
    secret = await services.access.console.make_link(named, LINK_S)
    return Link(f"/console/sign-in#{secret}", LINK_S)


@post("/console/sign-in", public=True, status_code=200)
async def sign_in(
    data: JSONBody[SignIn], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[dict[str, str]]:
    """The session of whom the link is for; from a page of ours alone, so that nobody is signed in as somebody else."""
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    if not own_origin(request.scope["headers"], scheme):
        raise Forbidden("This request did not come from a page of the console.")
    address = services.edge.addresses.proxies.client(request.scope)
    services.edge.addresses.check_failures(address)
    identity = await services.access.console.redeem_link(data.secret)
    if identity is None:
        services.edge.addresses.failed(address)
        raise Unauthorized("unknown link")
    cookie = await begin_session(request, services, identity)
    return Response({"next": "/console"}, headers={"set-cookie": cookie, "cache-control": "no-store"})


async def begin_session(request: Request[Any, Any, Any], services: Services, identity: Identity) -> str:
    """The header that signs a browser in as somebody; `Unauthorized` when what vouches for them was taken back."""
    with acting_for(identity.tenant):
        if services.access.revocations.is_revoked(await services.access.users.principal(identity)):
            raise Unauthorized("revoked")
    seconds, now = services.settings.console_session_s, time.time()
    began = msgspec.structs.replace(identity, expires_at=now + seconds, issued_at=now)
    secret = await services.access.console.begin(began)
    log.info("signed_in", tenant=identity.tenant)
    return set_cookie(request.scope, services.edge.addresses.proxies.scheme(request.scope), secret, seconds)


@post("/console/sign-out", permission="ticket:issue", by_cookie=True, status_code=200)
async def sign_out(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    """The session is over, and so are the sockets that were opened in it: here at once, on other processes when these
    look again."""
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    await services.access.console.end(session_secret(request.scope, scheme))
    services.edge.sockets.hang_up_token(request.user.token_id, 4401, "signed out")
    gone = set_cookie(request.scope, scheme, "", 0)
    return Response({"next": "/console/sign-in"}, headers={"set-cookie": gone, "cache-control": "no-store"})
