"""OpenAI's list of models: a model is one of the tenant's assistants."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.services import Services
from domain.access import Principal

SINCE = 1_767_225_600
"""What is told as the moment a model was made: assistants have versions, not birthdays."""


class ListedModel(msgspec.Struct, frozen=True):
    """An assistant."""

    id: str
    object: str = "model"
    created: int = SINCE
    owned_by: str = "colloquy"


class ModelList(msgspec.Struct, frozen=True):
    """All of them."""

    data: list[ListedModel]
    object: str = "list"


@get("/v1/models", permission="chat")
async def list_models(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> ModelList:
    """The assistants of the caller's tenant that are for them, by name."""
    assistants = (await services.tenants.known.settings(request.user.tenant)).assistants
    user = request.user
    return ModelList(
        [ListedModel(name) for name, one in sorted(assistants.items()) if one.is_for(user.roles, user.groups)]
    )


@get("/v1/models/{name:str}", permission="chat")
async def show_model(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> ListedModel:
    """One of them."""
    await services.tenants.known.assistant_for(request.user, name)
    return ListedModel(name)
