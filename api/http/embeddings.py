"""OpenAI's embeddings: texts to vectors, by the installation's own model."""

from __future__ import annotations

from array import array
from base64 import b64encode
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from api.http.openai.chat_request import Name
from api.services import Services
from application.documents.embed_texts import MOST_TEXTS
from application.gateway.embedding import LONGEST
from domain.access import Principal
from domain.refusals import AssistantNotFound, InvalidField
from domain.usage import family_of

Embedded_text = Annotated[str, Meta(max_length=LONGEST)]
ALIAS = "embedding"
"""What the model may be called by clients that need not know which it is."""


class EmbeddingRequest(msgspec.Struct, frozen=True):
    """One text or several; texts that are given as numbers of tokens are those of another model."""

    input: Embedded_text | Annotated[list[Embedded_text], Meta(max_length=MOST_TEXTS)]
    model: Name = ALIAS
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A vector: numbers, or the base64 of 32-bit floats."""

    index: int
    embedding: list[float] | str
    object: str = "embedding"


class Used(msgspec.Struct, frozen=True):
    """Tokens."""

    prompt_tokens: int
    total_tokens: int


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors in the order of their texts."""

    data: list[Vector]
    model: str
    usage: Used
    object: str = "list"


@post("/v1/embeddings", permission="search", status_code=200)
async def embeddings(
    data: JSONBody[EmbeddingRequest], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Vectors:
    """A vector for each text."""
    settings = services.settings
    name = settings.model_embedding
    if data.model not in (ALIAS, name, family_of(name)):
        raise AssistantNotFound(f"The embedding model here is {name}, also called {ALIAS}.")
    if data.dimensions not in (None, settings.embedding_dimensions):
        raise InvalidField(f"dimensions: vectors here have {settings.embedding_dimensions}")
    texts = [data.input] if isinstance(data.input, str) else data.input
    made = await services.documents.embed_texts(request.user, texts)
    packed = data.encoding_format == "base64"
    return Vectors(
        data=[
            Vector(index=n, embedding=_packed(vector) if packed else vector) for n, vector in enumerate(made.vectors)
        ],
        model=name,
        usage=Used(made.tokens, made.tokens),
    )


def _packed(vector: list[float]) -> str:
    """As 32-bit floats, the lowest byte first: every machine that this runs on has them so."""
    return b64encode(array("f", vector).tobytes()).decode()
