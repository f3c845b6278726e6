"""What every Embedder does: unit vectors of the promised length, nearer for texts that are alike."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.bedrock.embedder import BedrockEmbedder
from application.ports.models.model import Embedder, Embedding, FailureKind, ModelFailure
from tests.fakes.scripted_model import WordEmbedder
from tests.stand_in import running_stand_in

pytestmark = pytest.mark.real

MODEL = "amazon.titan-embed-text-v2:0"


@pytest.fixture(params=["words", "bedrock"])
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    if request.param == "words":
        yield WordEmbedder(MODEL, 512)
        return
    async with running_stand_in() as stand_in:
        yield BedrockEmbedder(stand_in.http, MODEL, 512)


def cosine(one: Embedding, other: Embedding) -> float:
    return sum(x * y for x, y in zip(one.vector, other.vector, strict=True))


async def test_a_vector_has_the_promised_length_and_is_of_unit_size(embedder: Embedder) -> None:
    found = await embedder.embed("The warranty lasts 24 months.")
    assert len(found.vector) == embedder.dimensions
    assert cosine(found, found) == pytest.approx(1.0)
    assert found.input_tokens > 0


async def test_the_same_text_has_the_same_vector_and_a_like_one_is_nearer(embedder: Embedder) -> None:
    first = await embedder.embed("how long does the warranty last")
    again = await embedder.embed("how long does the warranty last")
    alike = await embedder.embed("the warranty does last long")
    other = await embedder.embed("penguins breed in antarctic winters")
    assert first == again
    assert cosine(first, alike) > cosine(first, other)


async def test_what_cannot_be_embedded_is_a_model_failure(embedder: Embedder) -> None:
    with pytest.raises(ModelFailure) as failed:
        await embedder.embed("")
    assert (failed.value.kind, failed.value.refused) == (FailureKind.INVALID_REQUEST, True)
