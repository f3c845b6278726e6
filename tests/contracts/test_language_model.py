"""What every LanguageModel does: the scripted one, and Bedrock at the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.request import converse_request
from application.ports.models.model import (
    FailureKind,
    Finished,
    LanguageModel,
    Message,
    ModelCall,
    ModelEvent,
    ModelFailure,
    Text,
    TextDelta,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from infra.local.bedrock.output import compose
from tests.fakes.scripted_model import Reply, ScriptedModel
from tests.stand_in import Running, running_stand_in

pytestmark = pytest.mark.real

PASSAGES = """[1] Warranty
The warranty lasts 24 months — “from delivery”. It covers every part 🙂.

[2] Returns
Returns are free for 30 days after delivery.

Question: """
WEATHER = ToolSpec(
    "get_weather",
    "The weather of a city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def call(question: str = "How long does the warranty last?", **fields: Any) -> ModelCall:
    usual: dict[str, Any] = {
        "call_id": "call-1",
        "model": "us.anthropic.claude-test",
        "system": ("Be brief.",),
        "messages": (Message("user", (Text(PASSAGES + question),)),),
        "max_tokens": 500,
        "metadata": {"call_id": "call-1", "tenant_id": "tenant-1"},
        "first_token_s": 5.0,
        "idle_s": 5.0,
    }
    return ModelCall(**usual | fields)


class World:
    """A model, and a way to have its next answer fail after some deltas."""

    def __init__(self, stand_in: Running | None) -> None:
        self.stand_in = stand_in

    def model(
        self, asked: ModelCall, *, fault: str = "", kind: FailureKind = FailureKind.UNKNOWN, after: int = 0
    ) -> LanguageModel:
        if self.stand_in is not None:
            if fault:
                self.stand_in.runtime.faults.order({"kind": fault, "after_deltas": after, "times": 1})
            return BedrockLanguageModel(self.stand_in.http)
        output = compose(converse_request(asked))
        parts: list[Any] = [output.text[i : i + 4] for i in range(0, len(output.text), 4)]
        if output.tool:
            parts.append(ToolUse(output.tool[1], output.tool[0], output.tool[2]))
        failure = ModelFailure(kind, "on order", refused=not after, started=after > 0) if fault else None
        return ScriptedModel([Reply(parts[:after] if fault else parts, failure)])


@pytest.fixture(params=["scripted", "bedrock"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "scripted":
        yield World(None)
        return
    async with running_stand_in() as stand_in:
        yield World(stand_in)


async def ask(model: LanguageModel, asked: ModelCall) -> tuple[list[ModelEvent], ModelFailure | None]:
    events: list[ModelEvent] = []
    try:
        async for event in model.stream(asked):
            events.append(event)
    except ModelFailure as failure:
        return events, failure
    return events, None


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_the_deltas_make_the_answer_and_one_end_follows_them(world: World) -> None:
    asked = call()
    events, failure = await ask(world.model(asked), asked)
    assert failure is None
    assert text_of(events) == compose(converse_request(asked)).text
    assert "24 months" in text_of(events)
    assert "[1]" in text_of(events)
    assert [type(event) for event in events].count(Finished) == 1
    end = events[-1]
    assert isinstance(end, Finished)
    assert end.stop_reason == "stop"
    assert end.usage.input_tokens > 0
    assert end.usage.output_tokens > 0


async def test_a_tool_call_comes_whole_after_the_text_before_it(world: World) -> None:
    asked = call('What is the weather in "Kopenhagen"?', tools=(WEATHER,))
    events, failure = await ask(world.model(asked), asked)
    assert failure is None
    *texts, tool, end = events
    assert text_of(texts)
    assert isinstance(tool, ToolUse)
    assert (tool.name, tool.input) == ("get_weather", '{"city": "Kopenhagen"}')
    assert isinstance(end, Finished)
    assert end.stop_reason == "tool_use"


async def test_what_came_of_a_tool_is_told_in_blocks(world: World) -> None:
    question = Message("user", (Text('What is the weather in "Kopenhagen"?'),))
    use = ToolUse("t1", "get_weather", '{"city": "Kopenhagen"}')
    for content in ("Sunny, 21 degrees.", {"sky": "Sunny", "degrees": 21}):
        told = Message("user", (ToolResult("t1", content), Text("Say it briefly.")))
        said = Message("assistant", (Text("Let me see."), use))
        asked = call(messages=(question, said, told), tools=(WEATHER,))
        events, failure = await ask(world.model(asked), asked)
        assert failure is None
        assert text_of(events) == compose(converse_request(asked)).text
        assert isinstance(events[-1], Finished)


async def test_a_refusal_comes_before_anything_else(world: World) -> None:
    asked = call()
    events, failure = await ask(world.model(asked, fault="throttle", kind=FailureKind.THROTTLED), asked)
    assert events == []
    assert failure is not None
    assert (failure.kind, failure.refused, failure.started) == (FailureKind.THROTTLED, True, False)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("cut", FailureKind.CUT),
        ("clean_cut", FailureKind.CUT),
        ("corrupt", FailureKind.MALFORMED),
        ("malformed", FailureKind.MALFORMED),
        ("throttle_event", FailureKind.THROTTLED),
        ("internal_event", FailureKind.INTERNAL),
        ("unavailable_event", FailureKind.UNAVAILABLE),
        ("model_error_event", FailureKind.CUT),
        ("error_event", FailureKind.INTERNAL),
    ],
)
async def test_a_broken_stream_gives_what_came_and_then_fails(world: World, fault: str, kind: FailureKind) -> None:
    asked = call()
    events, failure = await ask(world.model(asked, fault=fault, kind=kind, after=3), asked)
    assert failure is not None
    assert (failure.kind, failure.refused, failure.started) == (kind, False, True)
    assert text_of(events) == compose(converse_request(asked)).text[:12]
    assert not any(isinstance(event, Finished) for event in events)


async def test_a_stream_may_be_left_at_any_time(world: World) -> None:
    asked = call()
    async with aclosing(world.model(asked).stream(asked)) as events:
        async for event in events:
            assert isinstance(event, TextDelta)
            break
    events_after, failure = await ask(world.model(asked), asked)
    assert failure is None
    assert text_of(events_after)
