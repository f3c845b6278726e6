"""Tenants, as the platform's operators see them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.services import Services
from application.clock import rfc3339
from application.ports.tenants.tenants import TenantRow
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import InvalidCursor, InvalidField, InvalidRange, NotFound

MOST_IDS = 200


class NewTenant(msgspec.Struct, frozen=True):
    """What a tenant is called."""

    name: Annotated[str, Meta(max_length=400)]


class TenantChange(msgspec.Struct, frozen=True):
    """Whether its people are let in."""

    active: bool


class TenantAnswer(msgspec.Struct, frozen=True):
    """A tenant."""

    tenant_id: str
    name: str
    created_at: str
    active: bool


class TenantPage(msgspec.Struct, frozen=True):
    """Tenants in order of creation; `next` is the cursor of the next page, or null."""

    tenants: list[TenantAnswer]
    next: str | None


@post("/v1/tenants", permission="tenant:provision")
async def create_tenant(
    data: JSONBody[NewTenant], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> TenantAnswer:
    """Open a tenant."""
    return _answer(await services.tenants.create_tenant(request.user, data.name), services)


@patch("/v1/tenants/{tenant_id:str}", permission="tenant:provision")
async def change_tenant(
    tenant_id: FromPath[str],
    data: JSONBody[TenantChange],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> TenantAnswer:
    """Close a tenant: its tokens, sessions and keys are refused everywhere within five seconds, and its sockets end. Or
    open it again."""
    if not is_id(tenant_id):
        raise NotFound
    return _answer(await services.tenants.close_tenant(request.user, tenant_id, active=data.active), services)


@get("/v1/tenants", permission="tenant:provision")
async def list_tenants(
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    ids: FromQuery[str | None] = None,
) -> TenantPage:
    """All tenants, page by page; or those of some `ids`, with commas between them, that there are."""
    if ids is not None:
        asked = ids.split(",")
        if len(asked) > MOST_IDS or not all(map(is_id, asked)):
            raise InvalidField(f"ids: up to {MOST_IDS} ids of tenants, with commas between them")
        return TenantPage([_answer(row, services) for row in await services.tenants.directory.known(asked)], None)
    if not 1 <= limit <= 1000:
        raise InvalidRange("limit: 1 to 1000")
    if cursor is not None and not is_id(cursor):
        raise InvalidCursor
    rows = await services.tenants.directory.page(after=cursor, limit=limit + 1)
    more = len(rows) > limit
    return TenantPage([_answer(row, services) for row in rows[:limit]], rows[limit - 1].tenant_id if more else None)


def _answer(row: TenantRow, services: Services) -> TenantAnswer:
    active = not services.access.revocations.is_closed(row.tenant_id)
    return TenantAnswer(row.tenant_id, row.name, rfc3339(row.created_at), active)
