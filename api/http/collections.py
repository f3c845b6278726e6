"""A tenant's collections: named sets of documents, and who may read them, as its admins say."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.services import Services
from application.tenants.create_api_key import MAX_NAME
from domain.access import Principal
from domain.refusals import NotFound
from domain.tenant.definitions import MAX_DESCRIPTION, MAX_GROUP, MAX_NAMES, MAX_USERS
from domain.tenant.document_collections import DocumentCollection
from domain.tenant.readable import OPEN

Name = Annotated[str, Meta(max_length=64)]
Group = Annotated[str, Meta(max_length=MAX_GROUP)]
User = Annotated[str, Meta(max_length=MAX_NAME)]


class CollectionBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whose documents these are: of whoever has one of the roles or groups or is one of the users; of everybody who may
    read documents where none is named. The step `choose_collections` is told the description."""

    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] = ""
    roles: Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)] = ()
    groups: Annotated[tuple[Group, ...], Meta(max_length=MAX_NAMES)] = ()
    users: Annotated[tuple[User, ...], Meta(max_length=MAX_USERS)] = ()


class CollectionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A collection as its admins see it; a user who was erased is told by pseudonym."""

    name: str
    description: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    users: tuple[str, ...]


class CollectionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A collection as those see it who may read its documents."""

    name: str
    description: str


class CollectionList(msgspec.Struct, frozen=True):
    """Those whose documents the caller may read; all of them for admins (200 at most)."""

    collections: list[CollectionShown]


@get("/v1/collections", permission=("document:read", "tenant:configure"))
async def list_collections(
    request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> CollectionList:
    """The collections of the caller's tenant, by name."""
    principal = request.user
    known = (await services.tenants.known.settings(principal.tenant)).collections
    names = known if principal.may("tenant:configure") else await services.documents.collections.of(principal)
    return CollectionList(
        [CollectionShown(name=name, description=known[name].description) for name in sorted(names) if name != OPEN]
    )


@get("/v1/collections/{name:str}", permission="tenant:configure")
async def show_collection(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> CollectionAnswer:
    """One collection of the caller's tenant."""
    return await _answer(services, request.user.tenant, name)


@put("/v1/collections/{name:str}", permission="tenant:configure")
async def put_collection(
    name: FromPath[str],
    data: JSONBody[CollectionBody],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> CollectionAnswer:
    """Define one, whole: fields left out take their defaults."""
    collection = DocumentCollection(description=data.description, roles=data.roles, groups=data.groups)
    await services.tenants.put_collection(request.user, name, collection, data.users)
    return await _answer(services, request.user.tenant, name)


@delete("/v1/collections/{name:str}", permission="tenant:configure", status_code=204)
async def delete_collection(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Take one away that holds no documents and that no assistant reads; else 409."""
    await services.tenants.delete_collection(request.user, name)


async def _answer(services: Services, tenant: str, name: str) -> CollectionAnswer:
    found = (await services.tenants.known.settings(tenant)).collections.get(name)
    if found is None:
        raise NotFound
    names = await services.access.users.names(tenant, found.users)
    return CollectionAnswer(
        name=name,
        description=found.description,
        roles=found.roles,
        groups=found.groups,
        users=tuple(sorted(names.values())),
    )
