"""Every way in which Bedrock can fail has one code, whoever parsed it; deadlines are our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.failures import KINDS
from adapters.bedrock.language_model import BedrockLanguageModel
from application.ports.model import ModelFailure, TextDelta
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


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_keeps_its_name(stand_in: Running, kind: str, lean: bool) -> None:
    stand_in.runtime.faults.order({"kind": kind, "times": 1})
    failure = await failure_of(BedrockLanguageModel(stand_in.client, lean=lean))
    _, code, message = REFUSALS[kind]
    assert (failure.code, failure.message, failure.refused, failure.started) == (code, message, True, False)
    assert failure.kind is KINDS[code]


async def test_a_refusal_is_not_tried_again(stand_in: Running) -> None:
    fault = stand_in.runtime.faults.order({"kind": "throttle", "times": 2})
    await failure_of(BedrockLanguageModel(stand_in.client))
    stand_in.runtime.faults.clear()
    assert fault.hits == 1


@pytest.mark.parametrize("lean", [True, False])
async def test_no_first_token_in_time(stand_in: Running, lean: bool) -> None:
    model = BedrockLanguageModel(stand_in.client, lean=lean)
    for fault in ({"kind": "hang"}, {"kind": "stall", "after_deltas": 0}):
        stand_in.runtime.faults.order({**fault, "times": 1})
        failure = await failure_of(model, first_token_s=0.1)
        assert (failure.code, failure.started) == ("FirstTokenTimeout", False)


@pytest.mark.parametrize("lean", [True, False])
async def test_silence_in_mid_stream(stand_in: Running, lean: bool) -> None:
    model = BedrockLanguageModel(stand_in.client, lean=lean)
    stand_in.runtime.faults.order({"kind": "stall", "after_deltas": 3, "times": 1})
    failure = await failure_of(model, idle_s=0.1)
    assert (failure.code, failure.started) == ("StreamStalled", True)


async def test_nobody_there() -> None:
    async with open_bedrock(endpoint_url="http://127.0.0.1:9", region="us-east-1") as client:
        failure = await failure_of(BedrockLanguageModel(client))
        assert (failure.code, failure.started) == ("ConnectionFailed", False)
        with pytest.raises(ModelFailure, match="ConnectionFailed"):
            await BedrockEmbedder(client, "amazon.titan-embed-text-v2:0", 256).embed("text")


@pytest.mark.parametrize("lean", [True, False])
async def test_a_vector_that_is_late_or_refused(stand_in: Running, lean: bool) -> None:
    embedder = BedrockEmbedder(stand_in.client, "amazon.titan-embed-text-v2:0", 256, lean=lean)
    stand_in.runtime.faults.order({"kind": "hang", "operation": "InvokeModel", "times": 1})
    with pytest.raises(ModelFailure, match="FirstTokenTimeout"):
        await embedder.embed("text", deadline_s=0.1)
    stand_in.runtime.faults.order({"kind": "throttle", "operation": "InvokeModel", "times": 1})
    with pytest.raises(ModelFailure, match="ThrottlingException"):
        await embedder.embed("text")


async def test_a_connection_is_used_again_after_a_whole_answer(stand_in: Running) -> None:
    model = BedrockLanguageModel(stand_in.client)
    events = [event async for event in model.stream(call()) if isinstance(event, TextDelta)]
    assert events
    connector = stand_in.client._endpoint.http_session._sessions[None].connector
    before = sum(map(len, connector._conns.values()))
    assert before >= 1
    assert [event async for event in model.stream(call()) if isinstance(event, TextDelta)]
    assert sum(map(len, connector._conns.values())) == before
