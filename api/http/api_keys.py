"""API keys, for programs that know no tokens: made, listed and taken back by admins."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.services import Services
from application.clock import rfc3339
from application.tenants.create_api_key import MAX_NAME
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import NotFound


class NewApiKey(msgspec.Struct, frozen=True):
    """What the key is called, and the user that it acts as."""

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    user: Annotated[str, Meta(max_length=MAX_NAME)]


class ApiKeyMade(msgspec.Struct, frozen=True):
    """The key, which is told this once."""

    key_id: str
    key: str


class ApiKeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of a key afterwards. `last_used_at` may be a minute behind; null when it never was."""

    key_id: str
    name: str
    user: str
    prefix: str
    created_at: str
    last_used_at: str | None


class ApiKeyList(msgspec.Struct, frozen=True):
    """All keys of a tenant (200 at most), in order of creation."""

    keys: list[ApiKeyShown]


@post("/v1/api-keys", permission="tenant:configure")
async def create_api_key(
    data: JSONBody[NewApiKey], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> ApiKeyMade:
    """A key that acts as the user, with the role `member` and nothing else."""
    made, key = await services.tenants.create_api_key(request.user, data.name, data.user)
    return ApiKeyMade(made.key_id, key)


@get("/v1/api-keys", permission="tenant:configure")
async def list_api_keys(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> ApiKeyList:
    """The keys of the caller's tenant."""
    found = await services.access.api_keys.listed(request.user.tenant)
    return ApiKeyList(
        [
            ApiKeyShown(
                key_id=key.key_id,
                name=key.name,
                user=user,
                prefix=key.prefix,
                created_at=rfc3339(key.created_at),
                last_used_at=rfc3339(used) if used else None,
            )
            for key, user, used in found
        ]
    )


@delete("/v1/api-keys/{key_id:str}", permission="tenant:configure", status_code=204)
async def revoke_api_key(
    key_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Take one back."""
    if not is_id(key_id):
        raise NotFound
    await services.tenants.revoke_api_key(request.user, key_id)
