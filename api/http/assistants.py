"""A tenant's assistants, as its admins define them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.services import Services
from domain.access import Principal
from domain.tenant.assistant import PII_DEFAULTS, Assistant, CachePolicy, ModelPolicy
from domain.tenant.definitions import MAX_GROUP, MAX_INSTRUCTIONS

Name = Annotated[str, Meta(max_length=64)]
ModelId = Annotated[str, Meta(max_length=200)]


class CacheBody(CachePolicy, frozen=True, kw_only=True):
    """A cache policy as an admin gives it; numbers and switches alone."""


class ModelsBody(ModelPolicy, frozen=True, kw_only=True):
    """Models as an admin gives them."""

    fast: ModelId = ""
    balanced: ModelId = ""
    allowed: Annotated[tuple[ModelId, ...], Meta(max_length=64)] = ()
    regions: Annotated[tuple[Annotated[str, Meta(max_length=32)], ...], Meta(max_length=16)] = ()


class AssistantBody(Assistant, frozen=True, kw_only=True):
    """An assistant as an admin gives it: each text and list has a bound that is looked at before anything else.

    `pictures` is off by default: a picture that a user attaches goes to the model as it is, for no private value can be
    taken out of what it shows. `confidential`: what its sessions cost and what was said in them is shown to those
    analysts and auditors alone who have one of its `roles` or `groups`."""

    instructions: Annotated[str, Meta(max_length=MAX_INSTRUCTIONS)] = ""
    plan: Name | Annotated[tuple[Name, ...], Meta(max_length=64)] = "lean"
    models: ModelsBody = ModelsBody()
    tools: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
    cache: CacheBody = CacheBody()
    pii: Annotated[dict[Name, Name], Meta(max_length=64)] = msgspec.field(default_factory=dict)
    links: Annotated[tuple[Annotated[str, Meta(max_length=255)], ...], Meta(max_length=64)] = ()
    roles: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
    groups: Annotated[tuple[Annotated[str, Meta(max_length=MAX_GROUP)], ...], Meta(max_length=64)] = ()
    collections: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()


class AssistantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An assistant with all that it left to the defaults. Version 0 was never put."""

    name: str
    version: int
    instructions: str
    plan: str | tuple[str, ...]
    models: ModelPolicy
    tools: tuple[str, ...]
    documents: bool
    cache: CachePolicy
    pii: dict[str, str]
    links: tuple[str, ...]
    pictures: bool
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    collections: tuple[str, ...]
    confidential: bool


@get("/v1/assistants/{name:str}", permission="tenant:configure")
async def show_assistant(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> AssistantAnswer:
    """One assistant of the caller's tenant."""
    return _answer(name, *await services.tenants.known.assistant(request.user.tenant, name))


@put("/v1/assistants/{name:str}", permission="tenant:configure")
async def put_assistant(
    name: FromPath[str],
    data: JSONBody[AssistantBody],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> AssistantAnswer:
    """Define one, whole: fields left out take their defaults."""
    assistant = msgspec.convert(data, Assistant, from_attributes=True)
    return _answer(name, *await services.tenants.put_assistant(request.user, name, assistant))


@delete("/v1/assistants/{name:str}", permission="tenant:configure", status_code=204)
async def delete_assistant(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Take one away: its sessions can still be read."""
    await services.tenants.delete_assistant(request.user, name)


def _answer(name: str, assistant: Assistant, version: int) -> AssistantAnswer:
    fields: dict[str, Any] = {field: getattr(assistant, field) for field in assistant.__struct_fields__}
    return AssistantAnswer(name=name, version=version, **fields | {"pii": PII_DEFAULTS | assistant.pii})
