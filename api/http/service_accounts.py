"""Service accounts, for machines: made, listed, given another key and taken back by admins."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.services import Services
from application.clock import now, rfc3339
from application.tenants.create_api_key import MAX_NAME
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import NotFound
from domain.tenant.service_accounts import SERVICE, SERVICE_ROLES, good_keys

DAY_S = 86_400
Admin = Request[Principal, Any, Any]


class NewServiceAccount(msgspec.Struct, frozen=True):
    """What the machine is called, and what it may be: `member`, `editor`, `analyst`, `auditor`, one or more of them."""

    name: Annotated[str, Meta(max_length=MAX_NAME - len(SERVICE))]
    roles: Annotated[tuple[Annotated[str, Meta(max_length=MAX_NAME)], ...], Meta(max_length=len(SERVICE_ROLES))]


class NewServiceKey(msgspec.Struct, frozen=True):
    """How long the keys before it are good yet, in seconds: a day at most."""

    overlap_s: Annotated[float, Meta(ge=0, le=DAY_S)] = 3600.0


class ServiceAccountMade(msgspec.Struct, frozen=True):
    """The machine and its first key, which is told this once."""

    account_id: str
    key_id: str
    key: str


class ServiceKeyMade(msgspec.Struct, frozen=True):
    """A machine's next key, which is told this once."""

    key_id: str
    key: str


class ServiceKeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of a key afterwards. `ends_at` is null of the one that nothing has followed."""

    key_id: str
    prefix: str
    created_at: str
    ends_at: str | None
    last_used_at: str | None


class ServiceAccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """A machine, the user that its facts and costs are told of, and its keys that are good."""

    account_id: str
    name: str
    user: str
    roles: tuple[str, ...]
    created_at: str
    keys: list[ServiceKeyShown]


class ServiceAccountList(msgspec.Struct, frozen=True):
    """All machines of a tenant (100 at most), in order of creation."""

    accounts: list[ServiceAccountShown]


@post("/v1/service-accounts", permission="tenant:configure")
async def create_service_account(
    data: JSONBody[NewServiceAccount], request: Admin, services: NamedDependency[Services]
) -> ServiceAccountMade:
    """A machine with an identity of its own, in these roles and no others."""
    account_id, made, key = await services.tenants.service_accounts.create(request.user, data.name, data.roles)
    return ServiceAccountMade(account_id, made.key_id, key)


@get("/v1/service-accounts", permission="tenant:configure")
async def list_service_accounts(request: Admin, services: NamedDependency[Services]) -> ServiceAccountList:
    """The machines of the caller's tenant."""
    tenant, at = request.user.tenant, now()
    used = await services.access.api_keys.last_used(tenant)
    accounts = (await services.tenants.known.settings(tenant)).service_accounts
    return ServiceAccountList(
        [
            ServiceAccountShown(
                account_id=account_id,
                name=account.name,
                user=SERVICE + account.name,
                roles=account.roles,
                created_at=rfc3339(account.created_at),
                keys=[
                    ServiceKeyShown(
                        key_id=key.key_id,
                        prefix=key.prefix,
                        created_at=rfc3339(key.made_at),
                        ends_at=rfc3339(key.ends_at) if key.ends_at else None,
                        last_used_at=rfc3339(used[key.key_id]) if key.key_id in used else None,
                    )
                    for key in good_keys(account, at)
                ],
            )
            for account_id, account in accounts.items()
        ]
    )


@post("/v1/service-accounts/{account_id:str}/keys", permission="tenant:configure")
async def rotate_service_key(
    account_id: FromPath[str], data: JSONBody[NewServiceKey], request: Admin, services: NamedDependency[Services]
) -> ServiceKeyMade:
    """Another key for a machine; those before it end after the overlap."""
    if not is_id(account_id):
        raise NotFound
    made, key = await services.tenants.service_accounts.rotate(request.user, account_id, data.overlap_s)
    return ServiceKeyMade(made.key_id, key)


@delete("/v1/service-accounts/{account_id:str}", permission="tenant:configure", status_code=204)
async def remove_service_account(
    account_id: FromPath[str], request: Admin, services: NamedDependency[Services]
) -> None:
    """Take a machine back: none of its keys opens anything, and its sockets are closed."""
    if not is_id(account_id):
        raise NotFound
    await services.tenants.service_accounts.remove(request.user, account_id)
