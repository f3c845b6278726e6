"""Who is calling, and may they: one guard before every route; a route without a permission is closed."""

from __future__ import annotations

from typing import Any

import structlog
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType, ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import BodyKwarg

from api.security.cookies import BY_COOKIE, has_csrf_token, session_secret
from api.security.origins import origin_allowed, own_origin
from api.services import Services, services_of
from api.telemetry.metrics import unauthorized
from application.acting_tenant import act_for, acting_for
from application.ports.people.outside_identity import OutsideIdentity
from application.ports.people.tickets import Tickets
from application.ports.people.tokens import TokenVerifier
from application.tenants.api_key_text import BEGINS
from application.tenants.api_keys import ApiKeys
from application.users import Users
from domain.access import Identity, Principal
from domain.refusals import Forbidden, InvalidField, RateLimited, Unauthorized, UnsupportedMediaType

TICKET = "ticket."
SIGNED_DOTS = 2
"""In a token that is signed and not encrypted: ours are both, and have four."""
SAFE = ("GET", "HEAD")
Connection = ASGIConnection[Any, Any, Any, Any]
log = structlog.get_logger()


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of the whole app: sets `connection.user` to the principal, or refuses."""
    services = services_of(connection.scope)
    if handler.opt.get("public"):
        return
    socket = connection.scope["type"] == ScopeType.WEBSOCKET
    if socket:
        _check_handshake(connection, handler, services)
    address = services.edge.addresses.proxies.client(connection.scope)
    services.edge.addresses.check_failures(address)
    try:
        principal = await _principal(connection, handler, services)
        if services.access.revocations.is_revoked(principal):
            services.access.denials.note(principal, _route(connection, handler), "revoked")
            raise Unauthorized("revoked")
    except Unauthorized as refusal:
        services.edge.addresses.failed(address)
        unauthorized.inc()
        log.info("unauthorized", reason=refusal.detail)
        raise
    connection.scope["user"] = principal
    act_for(principal.tenant)
    structlog.contextvars.bind_contextvars(tenant=principal.tenant)
    if not socket:  # a socket is counted when it can be told
        await _count(connection, principal, services)
    permission = handler.opt.get("permission")
    if permission is None or not any(map(principal.may, _all(permission))):
        services.access.denials.note(principal, _route(connection, handler), "forbidden")
        raise Forbidden
    if not socket:
        _check_media_type(connection, handler)


async def _count(connection: Connection, principal: Principal, services: Services) -> None:
    """RateLimited; the same request is then refused without all this for a moment."""
    try:
        await services.edge.budgets.requests.count(principal.tenant, principal.user)
    except RateLimited as refusal:
        services.edge.told_to_wait.remember(connection.scope, refusal)
        raise


async def _principal(connection: Connection, handler: BaseRouteHandler, services: Services) -> Principal:
    """By the one kind of credential that this door takes: the cookie, a token of one audience, or a ticket."""
    if handler.opt.get("by_cookie") or connection.scope.get(BY_COOKIE):
        identity = await _signed_in(connection, services)
        with acting_for(identity.tenant):
            return await services.access.users.principal(identity)
    access = services.access
    if handler.opt.get("makes_links"):
        return await authenticate(connection, access.link_verifier, access.users)
    tickets = access.tickets if connection.scope["type"] == ScopeType.WEBSOCKET else None
    return await authenticate(connection, access.verifier, access.users, tickets, access.api_keys, access.outside)


async def _signed_in(connection: Connection, services: Services) -> Identity:
    """Whose browser it is. What changes anything must come from a page of ours, which knows the session's token."""
    if any(name == b"authorization" for name, _ in connection.scope["headers"]):
        raise Unauthorized("a bearer at the console's door")
    scheme = services.edge.addresses.proxies.scheme(connection.scope)
    secret = session_secret(connection.scope, scheme)
    identity = await services.access.console.find(secret) if secret else None
    if identity is None:
        raise Unauthorized("no session of the console")
    ours = own_origin(connection.scope["headers"], scheme) and has_csrf_token(connection.scope, secret)
    if connection.scope.get("method") not in SAFE and not ours:
        raise Forbidden("This request did not come from a page of the console.")
    return identity


async def authenticate(
    connection: Connection,
    verifier: TokenVerifier,
    users: Users,
    tickets: Tickets | None = None,
    api_keys: ApiKeys | None = None,
    outside: OutsideIdentity | None = None,
) -> Principal:
    """The principal that the credentials stand for: one bearer, a token (where that is taken, of an outside issuer) or
    an API key, or (on sockets) one ticket; else Unauthorized."""
    given = [value for name, value in connection.scope["headers"] if name == b"authorization"]
    ticket = _ticket(connection) if tickets else None
    if len(given) > 1 or (given and ticket):
        raise Unauthorized("more than one credential")
    if ticket and tickets:
        principal = await tickets.redeem(ticket)
        if principal is None:
            raise Unauthorized("unknown ticket")
        return principal
    if not given:
        raise Unauthorized("no credential")
    scheme, _, token = given[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("another scheme")
    if api_keys and token.startswith(BEGINS):
        return await api_keys.principal(token)
    signed_alone = token.count(".") == SIGNED_DOTS
    identity = await outside.verify(token) if outside and signed_alone else verifier.verify(token)
    with acting_for(identity.tenant):
        return await users.principal(identity)


def offered_subprotocols(connection: Connection) -> list[str]:
    """What a client offers to speak on the socket."""
    offered: Any = connection.scope.get("subprotocols")
    return list(offered or [])


def _all(permission: str | tuple[str, ...]) -> tuple[str, ...]:
    """A route may name several permissions of which one is enough."""
    return (permission,) if isinstance(permission, str) else permission


def _route(connection: Connection, handler: BaseRouteHandler) -> str:
    """What was asked for, by its pattern: what stands in its place is nobody's business."""
    return f"{connection.scope.get('method', 'SOCKET')} {min(handler.paths)}"


def _check_handshake(connection: Connection, handler: BaseRouteHandler, services: Services) -> None:
    scheme = services.edge.addresses.proxies.scheme(connection.scope)
    if not origin_allowed(connection.scope["headers"], services.settings, scheme=scheme):
        raise Forbidden("This page's origin is not allowed.")
    offered, wanted = offered_subprotocols(connection), handler.opt.get("subprotocol")
    if offered and wanted and wanted not in offered:
        raise InvalidField(f"The subprotocol must be {wanted}.")


def _ticket(connection: Connection) -> str | None:
    tickets = [item.removeprefix(TICKET) for item in offered_subprotocols(connection) if item.startswith(TICKET)]
    if len(tickets) > 1:
        raise Unauthorized("more than one credential")
    return tickets[0] if tickets else None


def _check_media_type(connection: Connection, handler: BaseRouteHandler) -> None:
    """A body is of the kind that the route declares: JSON by any of its names, a form, or nothing."""
    given = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = handler.parsed_fn_signature.parameters.get("data")
    if not given or body is None or not isinstance(body.kwarg_definition, BodyKwarg):
        return
    wanted = body.kwarg_definition.media_type
    if given != wanted and not (wanted == RequestEncodingType.JSON and given.endswith("+json")):
        raise UnsupportedMediaType(f"This route takes {wanted}.")
