"""The Bedrock stand-in with a model behind it: Converse to chat completions and back, whatever a server does."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.language_model import BedrockLanguageModel
from application.ports.models.model import (
    FailureKind,
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
from infra.local.bedrock.chat_answer import BrokenOff, UpstreamAnswer
from infra.local.bedrock.chat_request import chat_request
from infra.local.bedrock.upstream import Upstream, _read
from tests.fakes.scripted_chat_server import DONE, USAGE, Script, calling, end, piece, saying, serving
from tests.stand_in import Running, running_stand_in

WEATHER = ToolSpec("get_weather", "The weather of a city", {"type": "object", "properties": {"city": {}}})


def call(**fields: Any) -> ModelCall:
    usual: dict[str, Any] = {
        "call_id": "call-1",
        "model": "us.anthropic.claude-test",
        "system": ("Be brief.", "Be kind."),
        "messages": (Message("user", (Text("How long does the warranty last?"),)),),
        "max_tokens": 500,
        "metadata": {"call_id": "call-1", "tenant_id": "tenant-1"},
        "first_token_s": 5.0,
        "idle_s": 5.0,
    }
    return ModelCall(**usual | fields)


async def said(running: Running, **fields: Any) -> tuple[str, list[ToolUse], Finished]:
    """The text, the tool calls and the end of one answer."""
    text, uses, ends = "", [], []
    async with aclosing(BedrockLanguageModel(running.http).stream(call(**fields))) as events:
        async for event in events:
            text += event.text if isinstance(event, TextDelta) else ""
            uses += [event] if isinstance(event, ToolUse) else []
            ends += [event] if isinstance(event, Finished) else []
    (ending,) = ends
    return text, uses, ending


def test_a_request_keeps_all_that_a_model_must_know() -> None:
    use = {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {"city": "Köln"}}}
    failed = {"toolResult": {"toolUseId": "t2", "content": [{"text": "no such city"}], "status": "error"}}
    body = {
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}, {"text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"text": "a"}, {"text": "b"}, {"cachePoint": {"type": "default"}}]},
            {"role": "assistant", "content": [{"text": "Looking."}, use]},
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"json": {"sky": "grey"}}]}},
                    failed,
                    {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                    {"text": "and now?"},
                ],
            },
            {"role": "assistant", "content": [{"text": "It is"}]},
        ],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["."]},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"any": {}},
        },
        "requestMetadata": {"tenant_id": "nobody else's business"},
    }
    request = chat_request(body, "llama")
    assert request.pop("messages") == [
        {"role": "system", "content": "Be brief.\n\nBe kind."},
        {"role": "user", "content": "a\n\nb"},
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Köln"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": '{"sky": "grey"}'},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: no such city"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "text", "text": "and now?"},
            ],
        },
        {"role": "assistant", "content": "It is"},
    ]
    function = {"name": "get_weather", "description": "", "parameters": {"type": "object"}}
    assert request == {
        "model": "llama",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.5,
        "stop": ["."],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
    }


def tool(arguments: str = "", **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return piece(tool_calls=[{**fields, "function": {"name": name, "arguments": arguments}}])


HOUR = {"toolUse": {"name": "hour", "input": {}}}
ANSWERS: list[tuple[str, list[Any], str, list[dict[str, Any]]]] = [
    ("words", [piece(content="a"), piece(content="b"), end()], "end_turn", [{"text": "ab"}]),
    ("nothing", [piece(role="assistant"), end()], "end_turn", []),
    ("cut by its length", [piece(content="a"), end("length")], "max_tokens", [{"text": "a"}]),
    ("held back", [end("content_filter")], "content_filtered", []),
    ("a reason nobody knows", [piece(content="a"), end("eos?")], "eos?", [{"text": "a"}]),
    ("no reason, but done", [piece(content="a"), {"done": True}], "end_turn", [{"text": "a"}]),
    ("says tools and calls none", [piece(content="a"), end("tool_calls")], "end_turn", [{"text": "a"}]),
    ("whole, not streamed", [{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}], "end_turn",
     [{"text": "a"}]),
    ("thoughts first", [piece(reasoning="hm"), piece(reasoning_content="m"), piece(content="a"), end()], "end_turn",
     [{"reasoningContent": {"reasoningText": {"text": "hmm"}}}, {"text": "a"}]),
    ("words, then a call", [piece(content="a"), tool('{"x"', index=0, id="c1", name="f"), tool(": 1}", index=0), end()],
     "tool_use", [{"text": "a"}, {"toolUse": {"name": "f", "input": {"x": 1}}}]),
    ("calls of one number", [tool("{}", index=0, id="c1", name="f"), tool("{}", index=0, id="c2", name="g"),
                             end("tool_calls")],
     "tool_use", [{"toolUse": {"name": "f", "input": {}}}, {"toolUse": {"name": "g", "input": {}}}]),
    ("calls without number or id", [tool("{}", name="f"), tool("{}", name="g"), end("tool_calls")], "tool_use",
     [{"toolUse": {"name": "f", "input": {}}}, {"toolUse": {"name": "g", "input": {}}}]),
    ("an input that is no JSON", [tool("{oh", index=0, id="c", name="hour"), end("tool_calls")], "tool_use", [HOUR]),
    ("an input that is no object", [tool("[1]", index=0, id="c", name="hour"), end("tool_calls")], "tool_use", [HOUR]),
    ("a name beyond all names", [tool("{}", index=0, id="c", name="n" * 99), end("tool_calls")], "tool_use",
     [{"toolUse": {"name": "n" * 64, "input": {}}}]),
]  # fmt: skip


def test_answers_become_blocks_and_reasons() -> None:
    for what, events, reason, blocks in ANSWERS:
        answer = UpstreamAnswer(5, 50)
        for event in events:
            answer.take(_read(json.dumps(event).encode()))
        answer.close()
        content = answer.message()["content"]
        ids = [block["toolUse"].pop("toolUseId") for block in content if "toolUse" in block]
        assert (answer.stop_reason, content) == (reason, blocks), what
        assert len(set(ids)) == len(ids) and all(0 < len(id) <= 64 for id in ids), what


@pytest.mark.parametrize(
    "events",
    [
        [piece(content="a")],
        [tool("{}", index=0, id="c1", name="f"), tool("{}", index=1, id="c2", name="g"), tool("x", index=0), end()],
        [tool("{}", index=0, id="c1"), end()],
        [{"error": {"message": "out of memory"}}],
        [{"object": "error", "message": "out of memory"}],
        [{"choices": 7}],
    ],
)
def test_what_is_no_answer_is_broken(events: list[Any]) -> None:
    answer = UpstreamAnswer(5, 50)
    with pytest.raises(BrokenOff):
        for event in events:
            answer.take(_read(json.dumps(event).encode()))
        answer.close()


def test_usage_is_the_servers_or_marked() -> None:
    def usage(told: Any) -> dict[str, Any]:
        answer = UpstreamAnswer(11, 50)
        for event in (piece(content="12345678"), end(), {"choices": [], "usage": told}):
            answer.take(_read(json.dumps(event).encode()))
        return {name: n for name, n in answer.usage().items() if n and name != "totalTokens"}

    assert usage(USAGE) == {"inputTokens": 100, "outputTokens": 7}
    cached = USAGE | {"prompt_tokens_details": {"cached_tokens": 60}}
    assert usage(cached) == {"inputTokens": 40, "outputTokens": 7, "cacheReadInputTokens": 60}
    for nothing in (None, {}, {"prompt_tokens": None}, {"prompt_tokens": 0, "completion_tokens": 0}):
        assert usage(nothing) == {"inputTokens": 11, "outputTokens": 2, "estimated": True}


@pytest.mark.real
async def test_answers_are_streamed_with_tools_and_counted() -> None:
    scripts = [saying("24 ", "months", " 🙂"), calling("get_weather", '{"city": "Oslo"}'), saying("Grey.", usage=None)]
    async with serving(lambda _: scripts[len(chat.asked) - 1]) as chat:
        upstream = Upstream(chat.url, "llama", "secret-key")
        async with running_stand_in(upstream=upstream) as running:
            text, _, ending = await said(running)
            assert (text, ending) == ("24 months 🙂", Finished("stop", Usage(100, 7)))
            _, (use,), ending = await said(running, tools=(WEATHER,))
            assert (use.name, json.loads(use.input), ending.stop_reason) == (
                "get_weather",
                {"city": "Oslo"},
                "tool_use",
            )
            told = Message("user", (ToolResult(use.tool_use_id, {"sky": "grey"}),))
            asked = (*call().messages, Message("assistant", (use,)), told)
            text, _, ending = await said(running, messages=asked, tools=(WEATHER,))
            assert text == "Grey." and ending.estimated and ending.usage.input_tokens > 5
            books = [(c.status, c.input_tokens, c.output_tokens) for c in running.runtime.log.calls]
    assert books[:2] == [(200, 100, 7)] * 2 and books[2][1] == ending.usage.input_tokens
    assert {body["model"] for body in chat.asked} == {"llama"} and set(chat.keys) == {"Bearer secret-key"}
    assert [m["role"] for m in chat.asked[-1]["messages"]] == ["system", "user", "assistant", "tool"]


FAILURES: list[tuple[Script, FailureKind]] = [
    (Script(status=400, body={"error": {"message": "the context is too long"}}), FailureKind.INVALID_REQUEST),
    (Script(status=401, body={"error": "no key"}), FailureKind.ACCESS_DENIED),
    (Script(status=404, body={"error": {"message": "model not found"}}), FailureKind.ACCESS_DENIED),
    (Script(status=429, body={}), FailureKind.THROTTLED),
    (Script(status=500, body="oh"), FailureKind.INTERNAL),
    (Script(status=503, body={"message": "loading"}), FailureKind.UNAVAILABLE),
    (Script(cut=True), FailureKind.CUT),
    (Script([piece(content="a")], cut=True), FailureKind.CUT),
    (Script([piece(content="a"), DONE[:5]]), FailureKind.CUT),
    (Script([piece(content="a"), {"error": {"message": "out of memory"}}]), FailureKind.CUT),
    (Script([b"data: {oh\n\n"]), FailureKind.CUT),
    (Script([b"x" * 2_000_000]), FailureKind.CUT),
    (Script([piece(content="a")], silent=True), FailureKind.CUT),
]


@pytest.mark.real
async def test_failures_are_bedrocks_own() -> None:
    async with (
        serving(lambda _: FAILURES[len(chat.asked) - 1][0]) as chat,
        running_stand_in(upstream=Upstream(chat.url, "llama", silence_s=0.2)) as running,
    ):
        for script, kind in FAILURES:
            with pytest.raises(ModelFailure) as failed:
                await said(running)
            assert failed.value.kind == kind, (script, failed.value)
            assert failed.value.refused == (script.status != 200), script
        refused = [c for c in running.runtime.log.calls if c.status >= 400]
        assert all(c.input_tokens == 0 for c in refused) and len(refused) == 6
    async with running_stand_in(upstream=Upstream(chat.url, "llama")) as running:
        with pytest.raises(ModelFailure) as failed:
            await said(running)
        assert failed.value.kind == FailureKind.UNAVAILABLE and "does not answer" in str(failed.value)


@pytest.mark.real
async def test_an_endless_answer_is_left_and_a_client_that_leaves_ends_it() -> None:
    endless = Script([piece(content="and on ")], endless=True)
    async with (
        serving(lambda _: endless) as chat,
        running_stand_in(upstream=Upstream(chat.url, "llama")) as running,
    ):
        text, _, ending = await said(running, max_tokens=20)
        assert (ending.stop_reason, ending.estimated) == ("length", True) and len(text) < 3_000
        async with aclosing(BedrockLanguageModel(running.http).stream(call(max_tokens=100_000))) as events:
            await anext(events)
        async with asyncio.timeout(5):
            await chat.left.get()
            await chat.left.get()
        assert running.runtime.log.calls[-1].output_tokens > 0


@pytest.mark.real
async def test_converse_in_one_piece_and_embeddings_of_a_named_model() -> None:
    async with serving(lambda _: saying("24 months")) as chat:
        upstream = Upstream(chat.url, "llama", embedding_model="nomic")
        async with running_stand_in(upstream=upstream) as running:
            messages = [{"role": "user", "content": [{"text": "How long?"}]}]
            answer = await running.client.converse(modelId="us.anthropic.claude-test", messages=messages)
            assert answer["output"]["message"]["content"] == [{"text": "24 months"}]
            assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("end_turn", 7)
            vector = (await BedrockEmbedder(running.http, "amazon.titan-embed-text-v2:0", 512).embed("x")).vector
            assert [round(x, 3) for x in vector[:3]] == [0.6, 0.8, 0.0] and len(vector) == 512
            health = (await httpx.AsyncClient().get(f"{running.url}/healthz")).json()
    assert health["model"] == "llama" and "nomic" in health["embeddings"]


def test_a_wish_without_a_model_is_refused() -> None:
    assert Upstream.named({}) is None
    with pytest.raises(ValueError, match="COLLOQUY_STANDIN_UPSTREAM_MODEL"):
        Upstream.named({"COLLOQUY_STANDIN_UPSTREAM_URL": "http://127.0.0.1:1/v1"})
