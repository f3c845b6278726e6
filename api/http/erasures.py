"""Erasure by admins and operators, and how long a tenant keeps what."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.http.sessions import checked_session
from api.services import Services
from application.erasure.receipts import Receipt
from domain.access import Principal
from domain.event import StreamId
from domain.ids import is_id
from domain.refusals import DocumentNotFound, InvalidField, NotFound
from domain.tenant.events import Retention

LONGEST = 200
CONFIGURES = "tenant:configure"
Asked = Request[Principal, Any, Any]


class NewErasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased: exactly one of them. A user goes by name, or by the pseudonym of ledgers and logs."""

    session_id: Annotated[str, Meta(max_length=64)] | None = None
    user: Annotated[str, Meta(min_length=1, max_length=LONGEST)] | None = None
    document_id: Annotated[str, Meta(max_length=64)] | None = None


@post("/v1/erasures", permission=CONFIGURES, status_code=200)
async def erase(data: JSONBody[NewErasure], request: Asked, services: NamedDependency[Services]) -> Receipt:
    """Erase whatever of the tenant's it is, whoever's. The answer comes when it is done."""
    admin, own = request.user, services.erasure.erase_own
    if sum(one is not None for one in (data.session_id, data.user, data.document_id)) != 1:
        raise InvalidField("exactly one of session_id, user and document_id")
    if data.session_id is not None:
        return await own.any_session(admin, StreamId(admin.tenant, "session", checked_session(data.session_id)))
    if data.document_id is not None:
        if not is_id(data.document_id):
            raise DocumentNotFound
        return await own.document(admin, data.document_id)
    return await services.erasure.erase_user(admin, data.user or "")


@delete("/v1/tenants/{tenant_id:str}", permission="tenant:provision", status_code=200)
async def erase_tenant(tenant_id: FromPath[str], request: Asked, services: NamedDependency[Services]) -> Receipt:
    """Erase a tenant, whole."""
    if not is_id(tenant_id):
        raise NotFound
    return await services.erasure.erase_tenant(request.user, tenant_id)


@get("/v1/retention", permission=CONFIGURES)
async def show_retention(request: Asked, services: NamedDependency[Services]) -> Retention:
    """After how many days what is erased by itself."""
    return (await services.tenants.known.settings(request.user.tenant)).retention


@put("/v1/retention", permission=CONFIGURES)
async def put_retention(data: JSONBody[Retention], request: Asked, services: NamedDependency[Services]) -> Retention:
    """Set it, whole: what is left out is kept for ever."""
    return await services.tenants.put_retention(request.user, data)
