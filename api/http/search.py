"""Search in a tenant's documents."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from api.services import Services
from application.documents.search_documents import LONGEST, By
from domain.access import Principal
from domain.session.events import Passage


class SearchQuery(msgspec.Struct, frozen=True):
    """What is looked for, how many passages are wanted (up to 50), by what they are ranked, and in which collections:
    in all that the caller may read where none is named."""

    query: Annotated[str, Meta(max_length=LONGEST)]
    k: int = 10
    by: By = "both"
    collections: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=64)] = ()


class Found(msgspec.Struct, frozen=True):
    """Passages, best first."""

    passages: list[Passage]


@post("/v1/search", permission="search", status_code=200)
async def search(
    data: JSONBody[SearchQuery], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Found:
    """The passages that answer best, each with its place in the document's text."""
    found = await services.documents.search_documents(request.user, data.query, data.k, data.by, data.collections)
    return Found(found)
