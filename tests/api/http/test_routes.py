"""Every route says who may use it, and the roles grant what the contract says."""

from __future__ import annotations

from typing import get_args

import pytest
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler

from api.server.app import all_routes, routed
from api.services import Services
from domain.access import PERMISSIONS, PLATFORM_TENANT, ROLES, Permission, Principal

PUBLIC = {"/health/live", "/health/ready", "/metrics"} | {
    "/console/sign-in",
    "/console/sign-in/with/{provider:str}",
    "/console/sign-in/from/{provider:str}",
    "/console/assets/{where:str}/{name:str}",
    "/favicon.ico",
    "/favicon.svg",
    "/v1/files/{file_id:str}/content",  # by a signed link alone
    "/docs",
    "/docs/openapi.json",
    "/docs/chat",
    "/docs/chat.json",
    "/docs/docs.css",
    "/v1/incidents/{incident_id:str}/evidence",
}
GRANTS = {
    "member": {"chat", "search", "session:read", "document:read", "file:own", "incident:raise", "ticket:issue"},
    "editor": {"document:read", "document:write", "ticket:issue"},
    "analyst": {"cost:read", "ticket:issue"},
    "auditor": {"audit:read", "session:audit", "ticket:issue"},
    "admin": {"tenant:configure", "incident:manage", "ticket:issue"},
    "operator": {"ticket:issue"},
}


@pytest.mark.parametrize("handler", list(all_routes()), ids=lambda handler: str(sorted(handler.paths)))
def test_each_route_names_its_permission_or_is_public_on_purpose(
    handler: HTTPRouteHandler | WebsocketRouteHandler,
) -> None:
    if handler.opt.get("public"):
        assert set(handler.paths) <= PUBLIC
        return
    permission = handler.opt["permission"]
    named = {permission} if isinstance(permission, str) else set(permission)
    assert named and named <= set(get_args(Permission))


def test_there_are_no_routes_but_those(services: Services) -> None:
    """What the framework adds by itself is OPTIONS, which the guard closes like any route without a permission."""
    app = routed()
    known = set(all_routes())
    added = [
        handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        if "OPTIONS" not in handler.http_methods and handler.fn not in {one.fn for one in known}
    ]
    assert added == []


@pytest.mark.parametrize("permission", get_args(Permission))
@pytest.mark.parametrize("role", ROLES)
def test_a_role_grants_exactly_its_permissions(role: str, permission: str) -> None:
    principal = Principal("01977c9e-1111-7000-8000-000000000001", "ada", frozenset({role}), 0.0)
    assert principal.may(permission) == (permission in GRANTS[role])


@pytest.mark.parametrize("permission", get_args(Permission))
@pytest.mark.parametrize("role", ROLES)
def test_in_the_platforms_tenant_only_operators_do_anything(role: str, permission: str) -> None:
    principal = Principal(PLATFORM_TENANT, "ada", frozenset({role}), 0.0)
    provisions = role == "operator" and permission == "tenant:provision"
    assert principal.may(permission) == (provisions or permission == "ticket:issue")


def test_an_unknown_role_grants_nothing() -> None:
    principal = Principal("01977c9e-1111-7000-8000-000000000001", "ada", frozenset({"root"}), 0.0)
    assert not any(principal.may(permission) for permission in get_args(Permission) if permission != "ticket:issue")
    assert set(PERMISSIONS) == set(ROLES)
