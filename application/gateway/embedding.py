"""One text to its vector, as two facts of the ledger: started before the call leaves, settled however it ends."""

from __future__ import annotations

import msgspec

from application.clock import new_id
from application.ports.models.model import Embedder, ModelFailure
from domain.model_calls import ModelCallStarted, TokensUsed, settle
from domain.tenant.budget import AgreedPrice
from domain.usage import Usage, estimate_tokens

STEP = "embed"
LONGEST = 20_000
"""Characters that are sent at most: the model reads 8,192 tokens, and takes no more than 50,000 characters."""


class Embedded(msgspec.Struct, frozen=True):
    """How a call ended: the fact to store, and the vector or the failure."""

    settled: TokensUsed
    vector: list[float] | None
    failure: ModelFailure | None


def start_embedding(
    embedder: Embedder, text: str, user: str, turn_id: str = "", *, own: AgreedPrice | None
) -> ModelCallStarted:
    """The fact to store before `embed` is called; `own` is the tenant's own price of this model."""
    return ModelCallStarted(
        call_id=new_id(),
        step=STEP,
        model=embedder.model,
        user=user,
        turn_id=turn_id,
        estimate=Usage(input_tokens=estimate_tokens(text[:LONGEST])),
        agreed=own.price if own else None,
        price_version=own.version if own else "",
    )


async def embed(embedder: Embedder, text: str, started: ModelCallStarted, *, deadline_s: float = 10.0) -> Embedded:
    """Make the call. Refused by the provider it costs nothing; lost on the way it is charged what was estimated."""
    try:
        embedding = await embedder.embed(text[:LONGEST], deadline_s=deadline_s)
    except ModelFailure as failure:
        usage = Usage() if failure.refused else started.estimate
        return Embedded(settle(started, usage, estimated=not failure.refused, failure=failure.code), None, failure)
    return Embedded(settle(started, Usage(input_tokens=embedding.input_tokens)), embedding.vector, None)
