"""The Bedrock stand-in: what it says, what it bills, and that it bills it before anybody can lose the count."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.request import converse_messages
from application.ports.models.model import Finished, Message, Text, TextDelta, ToolSpec
from infra.local.bedrock import hashed_ngrams, minilm
from infra.local.bedrock.embeddings import MiniLMEmbeddings, fit
from infra.local.bedrock.invocation_log import FOLDER, BilledCall, InvocationLog
from infra.local.bedrock.output import compose
from infra.local.bedrock.prompt_cache import PromptCache
from infra.local.bedrock.runtime import TypingPace
from infra.local.bedrock.schema_fill import fill
from infra.local.bedrock.service_model import shape_complaint
from infra.local.bedrock.validation import complaint
from tests.contracts.test_language_model import PASSAGES, call
from tests.infra.local.waiting import wait_until
from tests.stand_in import Running, running_stand_in

pytestmark = pytest.mark.real

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 test"}
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_stand_in(tmp_path) as running:
        yield running


def request(question: str, *, prefill: str = "", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": [{"text": question}]}]
    if prefill:
        messages.append({"role": "assistant", "content": [{"text": prefill}]})
    return {"messages": messages, "inferenceConfig": {"maxTokens": 500}, **more}


def test_an_answer_is_the_matching_sentence_with_its_mark() -> None:
    output = compose(request(PASSAGES + "How many days do I have to return something?"))
    assert output.text == "Returns are free for 30 days after delivery [2]."
    assert output.stop_reason == "end_turn"


def test_passages_that_do_not_hold_the_answer_are_not_quoted() -> None:
    assert "[" not in compose(request(PASSAGES + "Who won the chess olympiad?")).text


def test_passages_in_the_system_prompt_count_too() -> None:
    system = [{"text": "Use these.\n<passages>\n[3] The office is in Oslo. It opens at nine.\n</passages>\nBe brief."}]
    assert compose(request("Where is the office?", system=system)).text == "The office is in Oslo [3]."


def test_without_passages_the_answer_is_about_the_question() -> None:
    assert "sourdough" in compose(request("How do I bake sourdough bread?")).text


def test_a_prefilled_answer_goes_on_where_it_stopped() -> None:
    asked = PASSAGES + "How long does the warranty last?"
    whole = compose(request(asked)).text
    for at in range(1, len(whole)):
        if whole[:at] == whole[:at].rstrip():
            assert whole[:at] + compose(request(asked, prefill=whole[:at])).text == whole


def test_an_answer_is_no_longer_than_allowed() -> None:
    body = request(PASSAGES + "How long does the warranty last?") | {"inferenceConfig": {"maxTokens": 3}}
    output = compose(body)
    assert (output.stop_reason, output.tokens, len(output.text)) == ("max_tokens", 3, 12)


def test_a_tool_result_is_what_the_answer_says() -> None:
    use = {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {}}}
    result = {"toolResult": {"toolUseId": "t1", "content": [{"json": {"celsius": 21, "sky": "clear"}}]}}
    messages = [
        {"role": "user", "content": [{"text": "What is the weather?"}]},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    assert complaint({"messages": messages}) is None
    assert compose({"messages": messages}).text == "Here is what I found: celsius: 21, sky: clear."


def test_a_wanted_schema_is_filled_from_the_question() -> None:
    schema = {
        "type": "object",
        "properties": {
            "intent": {"enum": ["greeting", "refund_request", "complaint"]},
            "query": {"type": "string"},
            "amount": {"type": "integer", "minimum": 0},
            "day": {"type": "string", "format": "date"},
            "injection": {"type": "boolean"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1},
        },
        "$defs": {"part": {"type": "object", "properties": {"score": {"type": "number", "maximum": 1}}}},
        "required": ["intent", "query", "amount", "day"],
    }
    system = [{"text": "Classify.\nOutput JSON schema: " + json.dumps(schema)}]
    text = 'I want a refund of 120 for "blue shoes", bought on 2026-03-04.'
    assert json.loads(compose(request(text, system=system)).text) == {
        "intent": "refund_request",
        "query": "blue shoes",
        "amount": 120,
        "day": "2026-03-04",
        "injection": False,
        "parts": [{"score": 0.5}],
    }


def test_a_tool_parameter_that_is_not_required_needs_evidence() -> None:
    properties = {"city": {"type": "string"}, "days": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["city"]}
    assert fill(schema, 'Weather in "Oslo"', only_required=True) == {"city": "Oslo"}
    assert fill(schema, 'Weather in "Oslo" for 3 days', only_required=True) == {"city": "Oslo", "days": 3}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": [{"text": "I begin"}]}],
        [{"role": "user", "content": [{"text": "  "}]}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": [{"text": "a"}]}, {"role": "user", "content": [{"text": "b"}]}],
        [{"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": [{"text": "ends in space "}]}],
    ],
)
def test_what_bedrock_refuses_is_refused(messages: list[Any]) -> None:
    assert complaint({"messages": messages})


def test_the_prompt_cache_is_written_once_read_after_and_forgotten_in_time() -> None:
    now = [0.0]
    cache = PromptCache(lambda: now[0])
    prefix = [{"text": "x" * 8_000}, {"cachePoint": {"type": "default"}}]
    body = request("hello there", system=[*prefix, {"text": "more"}])
    first, second = cache.account(SONNET, body), cache.account(SONNET, body)
    assert (first.read, first.write, first.plain) == (0, 2_000, 4)
    assert (second.read, second.write, second.plain) == (2_000, 0, 4)
    assert cache.account("anthropic.another", body).read == 0
    now[0] = 301.0
    assert cache.account(SONNET, body).read == 0
    short = request("hello", system=[{"text": "x" * 400}, {"cachePoint": {"type": "default"}}])
    assert cache.account(SONNET, short).write == 0
    hour = request("hello", system=[{"text": "y" * 8_000}, {"cachePoint": {"type": "default", "ttl": "1h"}}])
    assert cache.account(SONNET, hour).long_write == 2_000
    now[0] += 3_599.0
    assert cache.account(SONNET, hour).read == 2_000


async def test_what_the_client_is_told_is_what_is_billed(stand_in: Running, tmp_path: Path) -> None:
    model = BedrockLanguageModel(stand_in.http)
    system = ("y" * 8_000, "more")
    for _ in range(2):
        events = [event async for event in model.stream(call(system=system, cache="1h", model=SONNET))]
    end = events[-1]
    assert isinstance(end, Finished)
    last = stand_in.runtime.log.calls[-1]
    assert (last.input_tokens, last.output_tokens) == (end.usage.input_tokens, end.usage.output_tokens)
    assert (last.cache_read_tokens, last.cache_write_tokens) == (2_001, 0)
    assert last.metadata == {"call_id": "call-1", "tenant_id": "tenant-1"}
    sums = InvocationLog(tmp_path).totals()["tenants"]["tenant-1"][SONNET]
    assert sums == stand_in.runtime.log.totals()["models"][SONNET]
    assert sums["calls"] == 2


async def test_an_answer_whose_reader_has_left_is_billed_whole(stand_in: Running) -> None:
    stand_in.runtime.pace.token_ms = 60_000.0
    expected = compose(request(PASSAGES + "How long does the warranty last?"))
    async with aclosing(BedrockLanguageModel(stand_in.http).stream(call())) as events:
        async for event in events:
            assert isinstance(event, TextDelta)
            break
    await asyncio.to_thread(wait_until, lambda: bool(stand_in.runtime.log.calls), "the bill")
    assert stand_in.runtime.log.calls[-1].output_tokens == expected.tokens


def test_a_torn_line_of_the_log_is_dropped_and_the_rest_counted(tmp_path: Path) -> None:
    log = InvocationLog(tmp_path)
    log.add(BilledCall("r1", "ConverseStream", "m", {"tenant_id": "t"}, input_tokens=3, output_tokens=4))
    path = next((tmp_path / FOLDER).glob("*.jsonl"))
    path.write_bytes(path.read_bytes() + b'{"schemaType": "Mod')
    assert InvocationLog(tmp_path).totals() == log.totals()
    again = InvocationLog(tmp_path)
    again.add(BilledCall("r2", "Converse", "m"))
    assert [json.loads(line)["requestId"] for line in path.read_text().splitlines()] == ["r1", "r2"]


async def test_one_answer_at_once_has_the_same_text_and_counts(stand_in: Running) -> None:
    body = request(PASSAGES + "How long does the warranty last?")
    whole = await stand_in.client.converse(modelId=SONNET, **body)
    assert whole["output"]["message"]["content"] == [{"text": compose(body).text}]
    counted = await stand_in.client.count_tokens(modelId=SONNET, input={"converse": {"messages": body["messages"]}})
    assert counted["inputTokens"] == whole["usage"]["inputTokens"]


async def test_the_control_endpoints(stand_in: Running) -> None:
    async with httpx.AsyncClient(base_url=stand_in.url, timeout=5) as http:
        assert (await http.get("/healthz")).json()["stand_in"] is True
        assert (await http.post("/control/faults", json={"kind": "nonsense"})).status_code == 400
        assert (await http.post("/control/faults", json={"kind": "cut", "typo": 1})).status_code == 400
        fault = {"kind": "unavailable", "model": "sonnet", "match": "olympiad", "times": 1}
        assert (await http.post("/control/faults", json=fault)).status_code == 200
        url = f"/model/{SONNET.replace(':', '%3A')}/converse"
        assert (await http.post(url, json=request("bread"), headers=SIGNED)).status_code == 200
        refused = await http.post(url, json=request("olympiad"), headers=SIGNED)
        assert refused.status_code == 503
        assert refused.headers["x-amzn-errortype"].startswith("ServiceUnavailableException")
        assert (await http.post(url, json=request("olympiad"), headers=SIGNED)).status_code == 200
        assert (await http.post(url, json=request("bread"))).status_code == 403
        assert (await http.post(url, content=b"{", headers=SIGNED)).status_code == 400
        assert (await http.get("/control/faults")).json()["faults"][0]["hits"] == 1
        assert (await http.delete("/control/faults")).json() == {"faults": []}
        assert (await http.post("/control/pace", json={"token_ms": 3})).json()["token_ms"] == 3
        calls = (await http.get("/control/calls")).json()["calls"]
        assert [c["status"] for c in calls] == [200, 503, 200, 403, 400]
        assert (await http.get("/control/totals")).json()["models"][SONNET]["calls"] == 5
        seen = (await http.get("/control/requests?last=2")).json()["requests"]
        assert [r["body"] for r in seen] == [request("bread"), "{"]
        assert (await http.get("/nowhere")).status_code == 404


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
async def test_a_vector_is_of_the_wanted_length(stand_in: Running, dimensions: int) -> None:
    body = msgspec.json.encode({"inputText": "hello", "dimensions": dimensions, "normalize": True})
    answer = await stand_in.client.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=body)
    found = json.loads(await answer["body"].read())
    assert (len(found["embedding"]), found["inputTextTokenCount"]) == (dimensions, 2)


def test_hashed_vectors_know_words_that_are_alike() -> None:
    def cosine(one: str, other: str) -> float:
        pairs = zip(hashed_ngrams.embed(one, 512), hashed_ngrams.embed(other, 512), strict=True)
        return sum(x * y for x, y in pairs)

    assert cosine("warranty of the machine", "warranties of machines") > 0.5
    assert cosine("warranty of the machine", "penguins in winter") < 0.2


def test_a_shorter_vector_is_a_unit_vector_too() -> None:
    assert fit([0.6, 0.8, 0.0], 2) == pytest.approx([0.6, 0.8])
    assert fit([0.6, 0.0, 0.8], 1) == [1.0]
    assert fit([1.0], 3) == [1.0, 0.0, 0.0]


@pytest.mark.skipif(minilm.find_weights() is None, reason="the sentence model is not installed (make embedding)")
@pytest.mark.real
async def test_the_sentence_model_agrees_with_its_published_figures() -> None:
    embeddings = MiniLMEmbeddings()
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    try:
        async with asyncio.timeout(60):
            first, *others = await asyncio.gather(*(embeddings.embed(text, 512) for text in texts))
    finally:
        await embeddings.close()
    found = [sum(x * y for x, y in zip(first, other, strict=True)) for other in others]
    assert found == pytest.approx([0.6945, 0.9429, 0.2569], abs=0.002)  # the model's page on huggingface.co


@pytest.mark.parametrize(
    ("reason", "after", "said", "stop"),
    [
        ("guardrail_intervened", 1_000, "let me look that up.", "content_filter"),
        ("content_filtered", 2, "let me l", "content_filter"),
        ("malformed_tool_use", 0, "", "incomplete"),
        ("tool_use", 1_000, "let me look that up.", "tool_use"),
        ("brand_new", 6, "let me look that up.", "incomplete"),
    ],
)
async def test_it_ends_when_and_as_it_is_told(stand_in: Running, reason: str, after: int, said: str, stop: str) -> None:
    wish = {"kind": "stop", "stop_reason": reason, "after_deltas": after, "times": 1}
    weather = ToolSpec("get_weather", "The weather.", {"type": "object", "properties": {}})
    asked = call("What is the weather?", tools=(weather,))
    async with httpx.AsyncClient(base_url=stand_in.url) as http:
        assert (await http.post("/control/faults", json=wish)).status_code == 200
        assert (await http.post("/control/faults", json={"kind": "stop"})).status_code == 400
        assert (await http.post("/control/faults", json={"kind": "cut", "stop_reason": "x"})).status_code == 400
    async with aclosing(BedrockLanguageModel(stand_in.http).stream(asked)) as events:
        heard = [event async for event in events]
    assert "".join(event.text for event in heard if isinstance(event, TextDelta)).lower() == said
    *_, end = heard
    assert isinstance(end, Finished) and end.stop_reason == stop
    assert bool(end.usage.output_tokens) == bool(after)


async def test_a_pace_that_is_set_anew_holds_for_an_answer_under_way() -> None:
    async with (
        running_stand_in(token_ms=300, answer_tokens=1_000) as slow,
        aclosing(BedrockLanguageModel(slow.http).stream(call("Tell me all of it."))) as events,
        asyncio.timeout(30),  # at its first pace it would take five minutes
    ):
        async for event in events:
            if isinstance(event, TextDelta):
                slow.runtime.pace = TypingPace(0, 0)
        assert isinstance(event, Finished)


@pytest.mark.real
async def test_as_a_program_it_takes_a_socket_over_and_stops_clean(tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    argv = ["-m", "infra.local.bedrock", "--fd", str(listening.fileno()), "--data-dir", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *argv, stdout=asyncio.subprocess.PIPE, pass_fds=[listening.fileno()]
    )
    listening.close()
    try:
        async with asyncio.timeout(30):
            assert process.stdout
            line = (await process.stdout.readline()).decode()
            assert line.startswith(f"ready http://127.0.0.1:{port} ")
            async with httpx.AsyncClient() as http:
                assert (await http.get(f"http://127.0.0.1:{port}/healthz")).json()["embeddings"] in line
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_a_conversation_is_answered_by_its_last_question() -> None:
    asked = Message("user", (Text(PASSAGES + "How long does the warranty last?"),))
    body = {
        "messages": [
            {"role": "user", "content": [{"text": "Are returns free?"}]},
            {"role": "assistant", "content": [{"text": "Returns are free."}]},
            *converse_messages([asked]),
        ]
    }
    assert "24 months" in compose(body).text


def test_requests_are_judged_by_the_service_s_own_model() -> None:
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 5},
    }
    assert shape_complaint("ConverseStream", "us.model", body) is None
    assert "topK" in str(shape_complaint("Converse", "us.model", body | {"inferenceConfig": {"topK": 3}}))
    assert "content" in str(shape_complaint("ConverseStream", "us.model", {"messages": [{"role": "user"}]}))
