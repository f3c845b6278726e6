"""Titan Text Embeddings v2 through InvokeModel."""

from __future__ import annotations

import asyncio

import msgspec

from adapters.bedrock.failures import CAUGHT, of_error
from adapters.bedrock.http import BedrockHttp
from application.ports.models.model import Embedding, FailureKind, ModelFailure


class TitanAnswer(msgspec.Struct):
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html"""

    embedding: list[float]
    inputTextTokenCount: int


class BedrockEmbedder:
    """The `Embedder` port: unit vectors of `dimensions` (256, 512 or 1024) numbers."""

    def __init__(self, http: BedrockHttp, model: str, dimensions: int) -> None:
        self.model, self.dimensions = model, dimensions
        self._http = http
        self._decode = msgspec.json.Decoder(TitanAnswer).decode

    async def embed(self, text: str, *, deadline_s: float = 10.0) -> Embedding:
        """The vector of one text; ModelFailure when Bedrock refuses, breaks off or is later than the deadline."""
        request = {"inputText": text, "dimensions": self.dimensions, "normalize": True}
        opened = False
        try:
            async with asyncio.timeout(deadline_s):
                response = await self._http.post(self.model, "invoke", request, Accept="application/json")
                opened = True
                answer = self._decode(await response.read())
        except TimeoutError as error:
            raise ModelFailure(FailureKind.TIMED_OUT, f"no vector within {deadline_s} s") from error
        except CAUGHT as error:
            raise of_error(error, opened=opened, started=False) from error
        if len(answer.embedding) != self.dimensions:
            raise ModelFailure(FailureKind.MALFORMED, f"a vector of {len(answer.embedding)}, not {self.dimensions}")
        return Embedding(answer.embedding, answer.inputTextTokenCount)
