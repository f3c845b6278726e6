"""Every way in which Bedrock can fail has its kind and its name; deadlines are our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.failures import KINDS
from adapters.bedrock.language_model import BedrockLanguageModel
from application.ports.models.model import ModelFailure, TextDelta
from infra.local.bedrock.faults import REFUSALS
from tests.contracts.test_language_model import call
from tests.stand_in import Running, running_stand_in

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
async def stand_in() -> AsyncIterator[Running]:
    async with running_stand_in() as running:
        yield running


async def failure_of(model: BedrockLanguageModel, **limits: Any) -> ModelFailure:
    with pytest.raises(ModelFailure) as failed:
        async for _ in model.stream(call(**limits)):
            pass
    return failed.value


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_keeps_its_name(stand_in: Running, kind: str) -> None:
    stand_in.runtime.faults.order({"kind": kind, "times": 1})
    failure = await failure_of(BedrockLanguageModel(stand_in.http))
    _, code, message = REFUSALS[kind]
    assert (failure.code, failure.message, failure.refused, failure.started) == (code, message, True, False)
    assert failure.kind is KINDS[code]


async def test_a_refusal_is_not_tried_again(stand_in: Running) -> None:
    fault = stand_in.runtime.faults.order({"kind": "throttle", "times": 2})
    await failure_of(BedrockLanguageModel(stand_in.http))
    stand_in.runtime.faults.clear()
    assert fault.hits == 1


async def test_no_first_token_in_time(stand_in: Running) -> None:
    model = BedrockLanguageModel(stand_in.http)
    for fault in ({"kind": "hang"}, {"kind": "stall", "after_deltas": 0}):
        stand_in.runtime.faults.order({**fault, "times": 1})
        failure = await failure_of(model, first_token_s=0.1)
        assert (failure.code, failure.started) == ("FirstTokenTimeout", False)


async def test_silence_in_mid_stream(stand_in: Running) -> None:
    model = BedrockLanguageModel(stand_in.http)
    stand_in.runtime.faults.order({"kind": "stall", "after_deltas": 3, "times": 1})
    failure = await failure_of(model, idle_s=0.1)
    assert (failure.code, failure.started) == ("StreamStalled", True)


async def test_nobody_there() -> None:
    async with open_bedrock(endpoint_url="http://127.0.0.1:9", region="us-east-1") as bedrock:
        failure = await failure_of(BedrockLanguageModel(bedrock.http))
        assert (failure.code, failure.started) == ("ConnectionFailed", False)
        with pytest.raises(ModelFailure, match="ConnectionFailed"):
            await BedrockEmbedder(bedrock.http, "amazon.titan-embed-text-v2:0", 256).embed("text")


async def test_a_vector_that_is_late_or_refused(stand_in: Running) -> None:
    embedder = BedrockEmbedder(stand_in.http, "amazon.titan-embed-text-v2:0", 256)
    stand_in.runtime.faults.order({"kind": "hang", "operation": "InvokeModel", "times": 1})
    with pytest.raises(ModelFailure, match="FirstTokenTimeout"):
        await embedder.embed("text", deadline_s=0.1)
    stand_in.runtime.faults.order({"kind": "throttle", "operation": "InvokeModel", "times": 1})
    with pytest.raises(ModelFailure, match="ThrottlingException"):
        await embedder.embed("text")


async def test_a_connection_is_used_again_after_a_whole_answer(stand_in: Running) -> None:
    model = BedrockLanguageModel(stand_in.http)
    events = [event async for event in model.stream(call()) if isinstance(event, TextDelta)]
    assert events
    before = set(stand_in.connections)
    assert before
    assert [event async for event in model.stream(call()) if isinstance(event, TextDelta)]
    assert stand_in.connections == before
