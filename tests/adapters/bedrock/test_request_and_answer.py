"""A call in Converse's words, and Converse's events in ours."""

from __future__ import annotations

from typing import Any

import botocore.session
import msgspec
import pytest

from adapters.bedrock.answer import (
    DECODERS,
    Answer,
    BlockDelta,
    BlockStart,
    BlockStartBody,
    DeltaBody,
    ToolInput,
    ToolStart,
)
from adapters.bedrock.frames import Headers
from adapters.bedrock.request import converse_messages, converse_request
from application.ports.models.model import (
    CitedSpan,
    Fence,
    Finished,
    Message,
    ModelCall,
    ModelFailure,
    Text,
    TextDelta,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from domain.usage import Usage

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CALL = ModelCall(
    call_id="c",
    model="m",
    system=("stable", "more"),
    messages=(Message("user", (Text("hi"),)),),
    max_tokens=7,
    metadata={"call_id": "c"},
)


def take(answer: Answer, name: str, body: object) -> None:
    answer.take_frame(Headers("event", name), msgspec.json.encode(body))


def test_a_request_always_bounds_its_answer_and_names_the_call() -> None:
    request = converse_request(CALL)
    assert request["inferenceConfig"] == {"maxTokens": 7}, "nothing is known of this model"
    for model, sampled in {
        SONNET: True,
        "global.anthropic.claude-opus-4-7": False,
        "us.anthropic.claude-opus-6": False,
    }.items():
        asked = converse_request(msgspec.structs.replace(CALL, model=model))
        assert ("temperature" in asked["inferenceConfig"]) == sampled, model
    assert request["requestMetadata"] == {"call_id": "c"}
    assert "toolConfig" not in request


def test_blocks_and_tools_are_told_in_its_words() -> None:
    schema = {"type": "object"}
    said = Message("assistant", (Text("Let me see."), ToolUse("t1", "look", '{"id": 7}')))
    came = Message("user", (ToolResult("t1", {"rows": []}), ToolResult("t2", "No.", failed=True), Text("Go on.")))
    assert converse_messages((said, came)) == [
        {"role": "assistant", "content": [
            {"text": "Let me see."},
            {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"id": 7}}},
        ]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "t1", "content": [{"json": {"rows": []}}]}},
            {"toolResult": {"toolUseId": "t2", "content": [{"text": "No."}], "status": "error"}},
            {"text": "Go on."},
        ]},
    ]  # fmt: skip
    request = converse_request(msgspec.structs.replace(CALL, tools=(ToolSpec("look", "Looks.", schema),)))
    told = {"name": "look", "description": "Looks.", "inputSchema": {"json": schema}}
    assert request["toolConfig"] == {"tools": [{"toolSpec": told}]}
    with pytest.raises(TypeError, match="fence"):
        converse_messages([Message("user", (Fence("begin"),))])


def test_cache_points_stand_where_the_prompt_stops_being_the_same() -> None:
    point, thousand = {"cachePoint": {"type": "default"}}, "word " * 900
    call = msgspec.structs.replace(CALL, model=SONNET, system=(thousand, "more"))
    assert converse_request(call)["system"] == [{"text": thousand}, {"text": "more"}, point]
    hour = converse_request(msgspec.structs.replace(call, cache="1h"))["system"]
    assert hour[-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    said = (*CALL.messages, Message("assistant", (Text("ho"),)), Message("user", (Text("and?"),)))
    going_on = converse_request(msgspec.structs.replace(call, messages=said, stable_messages=2))["messages"]
    assert [point in message["content"] for message in going_on] == [False, True, False]
    assert "cachePoint" not in str(converse_request(msgspec.structs.replace(call, cache="off", stable_messages=1)))
    haiku = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    for none in ({"system": ("short",)}, {"model": haiku}, {"model": "us.anthropic.claude-3-5-sonnet-20240620-v1:0"}):
        assert "cachePoint" not in str(converse_request(msgspec.structs.replace(call, **none)))
    told = (Message("user", (Text(thousand * 5),)), *said[1:])
    far = converse_request(msgspec.structs.replace(call, model=haiku, messages=told, stable_messages=2))
    assert point not in far["system"] and point in far["messages"][1]["content"]


ODD_EVENTS = {
    "bytes that are no UTF-8": ("contentBlockDelta", b'{"delta":{"text":"a\xff"}}', "a\ufffd"),
    "half a pair": ("contentBlockDelta", rb'{"delta":{"text":"a\ud83d b"}}', "a\ufffd b"),
    "a whole pair": ("contentBlockDelta", rb'{"delta":{"text":"\ud83d\ude00"}}', "\U0001f600"),
    "a NUL": ("contentBlockDelta", rb'{"delta":{"text":"a\u0000b"}}', "a\ufffdb"),
    "nulls": ("contentBlockDelta", b'{"delta":{"text":null,"toolUse":null,"citation":null}}', ""),
    "a citation of nothing": ("contentBlockDelta", b'{"delta":{"citation":{"location":{"documentChar":null}}}}', ""),
    "no delta": ("contentBlockDelta", b'{"delta":null}', ""),
    "a thought": ("contentBlockDelta", b'{"delta":{"reasoningContent":{"text":"hm"}}}', ""),
    "a block without a start": ("contentBlockStart", b'{"start":null}', ""),
    "usage with nulls": ("metadata", b'{"usage":{"inputTokens":1,"outputTokens":1,"cacheDetails":null}}', ""),
}


@pytest.mark.parametrize("odd", ODD_EVENTS)
def test_odd_events_lose_nothing_but_what_is_odd_in_them(odd: str) -> None:
    name, payload, said = ODD_EVENTS[odd]
    answer = Answer()
    take(answer, "contentBlockDelta", {"delta": {"text": "before "}})
    answer.take_frame(Headers("event", name), payload)
    take(answer, "contentBlockDelta", {"delta": {"text": " after"}})
    assert [event.text for event in answer.drain() if isinstance(event, TextDelta)] == [f"before {said} after"]


def test_what_is_no_event_whatever_one_does_is_malformed() -> None:
    for payload in (b"", b"[]", b'{"delta":7}', b"\xff", b"[" * 100_000):
        with pytest.raises(msgspec.MsgspecError):
            Answer().take_frame(Headers("event", "contentBlockDelta"), payload)


def test_thinking_and_writing_a_tools_input_are_told_from_silence() -> None:
    answer = Answer()
    take(answer, "contentBlockDelta", {"delta": {"reasoningContent": {"signature": "x"}}})
    assert (answer.thinking, answer.started, answer.calling) == (True, False, False)
    start = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "look"}}}
    take(answer, "contentBlockStart", start)
    take(answer, "contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": None}}})
    assert (answer.thinking, answer.started, answer.calling) == (False, True, True)
    take(answer, "contentBlockStop", {"contentBlockIndex": 1})
    assert not answer.calling


def test_text_is_merged_and_keeps_its_place_among_other_events() -> None:
    answer = Answer()
    take(answer, "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a"}})
    take(answer, "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "b"}})
    cited = {"citation": {"location": {"documentChar": {"documentIndex": 1, "start": 0, "end": 3}}}}
    take(answer, "contentBlockDelta", {"contentBlockIndex": 0, "delta": cited})
    start = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "look"}}}
    take(answer, "contentBlockStart", start)
    take(answer, "contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"a"'}}})
    take(answer, "contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": ":1}"}}})
    take(answer, "contentBlockStop", {"contentBlockIndex": 1})
    take(answer, "contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "c"}})
    take(answer, "somethingNew", {"a": 1})
    assert answer.drain() == [TextDelta("ab"), CitedSpan(2), ToolUse("t", "look", '{"a":1}'), TextDelta("c")]
    assert answer.drain() == []


def test_an_answer_is_finished_when_both_of_its_ends_were_seen() -> None:
    answer = Answer()
    take(answer, "messageStop", {"stopReason": "end_turn"})
    with pytest.raises(ModelFailure, match="StreamCut"):
        answer.finished()
    details = [{"ttl": "1h", "inputTokens": 5}, {"ttl": "5m", "inputTokens": 2}]
    usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 14, "cacheReadInputTokens": 4}
    take(answer, "metadata", {"usage": {**usage, "cacheWriteInputTokens": 7, "cacheDetails": details}})
    assert answer.finished() == Finished("stop", Usage(1, 2, 4, 7, 5))


def test_every_event_that_we_know_has_a_decoder() -> None:
    assert set(DECODERS) == {"contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}


def ending(reason: str, *blocks: tuple[str, dict[str, Any]]) -> str:
    """Why an answer of these events stopped, in our words."""
    answer = Answer()
    for name, body in (*blocks, ("messageStop", {"stopReason": reason})):
        take(answer, name, body)
    take(answer, "metadata", {"usage": {"inputTokens": 1, "outputTokens": 1}})
    return answer.finished().stop_reason


OPENED = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "a"}}})
CLOSED = ("contentBlockStop", {"contentBlockIndex": 0})


def test_every_reason_that_bedrock_knows_has_a_meaning_and_only_good_ends_are_good() -> None:
    """By botocore's own model of the service: a reason that is new there is no good end until somebody says so."""
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    known = {reason: ending(reason, OPENED, CLOSED) for reason in service.shape_for("StopReason").enum}
    assert {reason for reason, meaning in known.items() if meaning == "stop"} == {"end_turn", "stop_sequence"}
    assert {reason for reason, meaning in known.items() if meaning == "tool_use"} == {"tool_use"}
    assert {known.get(reason, "length") for reason in ("max_tokens", "model_context_window_exceeded")} == {"length"}
    assert {known[reason] for reason in ("content_filtered", "guardrail_intervened")} == {"content_filter"}
    assert ending("something_new") == ending("") == ending("END_TURN") == "incomplete"


def test_tools_are_wanted_by_whoever_asked_for_one_to_its_end() -> None:
    assert ending("tool_use", OPENED, CLOSED) == "tool_use"
    assert ending("tool_use") == ending("tool_use", OPENED) == "incomplete"


def text(of: str) -> BlockDelta:
    return BlockDelta(DeltaBody(text=of))


def test_an_endless_answer_ends() -> None:
    answer = Answer()
    with pytest.raises(ModelFailure) as failed:
        for _ in range(2_000):
            answer.take(text("x" * 1_000))
            answer.drain()
    assert (failed.value.code, failed.value.started) == ("StreamMalformed", True)


def test_an_endless_input_of_a_tool_ends() -> None:
    answer = Answer()
    answer.take(BlockStart(BlockStartBody(ToolStart("t", "tool"))))
    with pytest.raises(ModelFailure):
        for _ in range(2_000):
            answer.take(BlockDelta(DeltaBody(toolUse=ToolInput("x" * 1_000))))


@pytest.mark.parametrize("event", ["tool", "citation"])
def test_endless_blocks_end(event: str) -> None:
    answer = Answer()
    with pytest.raises(ModelFailure):
        for number in range(10_000):
            if event == "tool":
                answer.take(BlockStart(BlockStartBody(ToolStart(f"t{number}", "tool")), contentBlockIndex=number))
            else:
                answer.take(BlockDelta(DeltaBody(citation={"location": {"web": {"documentIndex": 0}}})))


@pytest.mark.parametrize(("id", "name"), [("x" * 1_000, "tool"), ("t", "x" * 1_000)])
def test_names_that_no_tool_has(id: str, name: str) -> None:
    with pytest.raises(ModelFailure):
        Answer().take(BlockStart(BlockStartBody(ToolStart(id, name))))


def test_a_long_answer_is_whole() -> None:
    answer = Answer()
    for _ in range(1_000):
        answer.take(text("x" * 1_000))
    assert answer.drain() == [TextDelta("x" * 1_000_000)]
