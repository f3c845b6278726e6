"""The gateway in a whole installation: private values stay, caches answer, plans run, tools are asked, money ends."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import chatting, reading, set_pace

pytestmark = pytest.mark.real
PRIVATE = {
    "email": "ada.lovelace@example.org",
    "phone": "+49 341 9735 112",
    "card": "4242 4242 4242 4242",
    "iban": "DE89 3704 0044 0532 0130 00",
    "national_id": "078-05-1121",
    "ip": "203.0.113.77",
    "credential": "AKIAIOSFODNN7EXAMPLE",
}


def put(ours: Installed, path: str, file: bytes = b"", **body: Any) -> dict[str, Any]:
    with reading(ours, "admin") as http:
        answer = http.put(path, files={"file": ("rows.csv", file)}) if file else http.put(path, json=body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def test_what_a_user_types_never_reaches_the_model_side(ours: Installed) -> None:
    set_pace(ours)
    async with chatting(ours) as chat:
        await chat.open()
        for kind, value in PRIVATE.items():
            done = await chat.ask(f"p-{kind}", f'What do you know of "{value}"? It is my {kind.replace("_", " ")}.')
            assert done["type"] == "turn.completed", done
            told = [frame["kinds"] for frame in chat.frames if frame["type"] == "turn.pii_redacted"]
            assert told and told[-1].get(kind) == 1, (kind, told)
            assert chat.text.endswith(done["text"])
    async with httpx.AsyncClient(timeout=30) as http:
        seen = (await http.get(f"{ours.bedrock_url}/control/requests")).text
    squeezed = seen.replace(" ", "").replace("-", "")
    for value in PRIVATE.values():
        assert value.replace(" ", "").replace("-", "") not in squeezed


async def test_the_same_question_of_a_colleague_is_answered_from_the_cache(ours: Installed) -> None:
    set_pace(ours)
    question = "How long does the warranty of a kettle last, in short?"
    one, other = ours.tokens(len(ours.tenants) + 1)[0], ours.tokens(len(ours.tenants) + 1)[-1]
    async with chatting(ours, one) as first, chatting(ours, other) as second:
        await first.open()
        made = await first.ask("c1", question, cache="use")
        await second.open()
        kept = await second.ask("c2", question, cache="use")
    assert made["cached"] is False and kept["cached"] == "exact"
    assert (kept["text"], kept["citations"]) == (made["text"], made["citations"])
    assert [frame["layer"] for frame in second.frames if frame["type"] == "turn.cache_hit"] == ["exact"]
    elsewhere = ours.tokens(2)[1]
    async with chatting(ours, elsewhere) as foreign:
        await foreign.open()
        assert (await foreign.ask("c3", question, cache="use"))["cached"] is False


async def test_a_model_says_whether_a_question_in_other_words_is_one_that_was_answered(ours: Installed) -> None:
    set_pace(ours, first_token_ms=5, token_ms=1)
    asked = "What is the span of the grinder's guarantee?", "For how many seasons do you guarantee a grinder?"
    other = "How long is the guarantee of a mill?"
    cache = {"semantic": "verified", "threshold": 0.0, "ttl_s": 600}
    shown = await asyncio.to_thread(put, ours, "/v1/assistants/verified", cache=cache)
    assert shown["cache"] == {"exact": True} | cache
    async with httpx.AsyncClient(base_url=ours.bedrock_url, timeout=30) as http:
        (await http.post("/control/same_questions", json={"groups": [list(asked)]})).raise_for_status()
    async with chatting(ours) as first, chatting(ours) as second, chatting(ours) as third:
        for chat in (first, second, third):
            await chat.open(assistant="verified")
        made = await first.ask("v1", asked[0], cache="use")
        kept = await second.ask("v2", asked[1], cache="use")
        fresh = await third.ask("v3", other, cache="use")
    assert (made["cached"], kept["cached"], fresh["cached"]) == (False, "semantic", False)
    assert kept["text"] == made["text"] and 0 < Decimal(kept["cost_usd"]) < Decimal(made["cost_usd"])
    (hit,) = [frame for frame in second.frames if frame["type"] == "turn.cache_hit"]
    assert Decimal(hit["saved_usd"]) == Decimal(made["cost_usd"]) - Decimal(kept["cost_usd"])
    assert "same_question" in [frame["step"] for frame in second.frames if frame["type"] == "turn.step"]


@pytest.mark.parametrize("plan", ["standard", "thorough"])
async def test_a_plan_with_many_steps_answers_with_its_citations(ours: Installed, plan: str) -> None:
    set_pace(ours, first_token_ms=5, token_ms=1)
    await asyncio.to_thread(put, ours, f"/v1/assistants/{plan}", plan=plan)
    async with chatting(ours) as chat:
        await chat.open(assistant=plan)
        done = await chat.ask("q", QUESTION)
        assert done["type"] == "turn.completed" and done["citations"], done
        again = await chat.ask("r", "And who pays for the postage then?")
        assert again["type"] == "turn.completed" and again["text"], again
    ran = {frame["step"] for frame in chat.frames if frame["type"] == "turn.step" and frame["status"] == "finished"}
    wanted = {"classify_intent", "assess_complexity", "grade_passages", "answer_from_documents", "rewrite_question"}
    assert wanted <= ran
    if plan == "thorough":
        assert {"screen_input", "expand_query", "screen_output"} <= ran


async def test_a_tool_reads_a_dataset_and_the_answer_has_its_figure(ours: Installed) -> None:
    set_pace(ours)
    rows = b"city,bags\nLeipzig,120\nBerlin,80\n"
    await asyncio.to_thread(put, ours, "/v1/datasets/stock", file=rows)
    await asyncio.to_thread(
        put,
        ours,
        "/v1/tools/stock_of_city",
        description="How many bags of coffee are in stock in a city",
        input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        query={"dataset": "stock", "sql": "SELECT city, bags FROM stock WHERE city = :city"},
    )
    await asyncio.to_thread(put, ours, "/v1/assistants/stocks", tools=["stock_of_city"], documents=False)
    async with chatting(ours) as chat:
        await chat.open(assistant="stocks")
        done = await chat.ask("s", 'How many bags are in stock in the city "Leipzig"?')
    assert done["type"] == "turn.completed" and "120" in done["text"] and chat.text == done["text"]
    assert [f["status"] for f in chat.frames if f["type"] == "turn.tool_call"] == ["started", "completed"]


@pytest.mark.parametrize("allow", [True, False])
async def test_a_tool_that_asks_first_is_called_when_another_tab_allows_it(ours: Installed, allow: bool) -> None:
    set_pace(ours)
    await asyncio.to_thread(put, ours, "/v1/datasets/pots", file=b"city,pots\nLeipzig,120\n")
    await asyncio.to_thread(
        put,
        ours,
        "/v1/tools/pots_of_city",
        description="How many pots are in stock in a city",
        input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        query={"dataset": "pots", "sql": "SELECT city, pots FROM pots WHERE city = :city"},
        confirm=True,
    )
    await asyncio.to_thread(put, ours, "/v1/assistants/pots", tools=["pots_of_city"], documents=False)
    async with chatting(ours) as chat, chatting(ours) as other:
        await chat.open(assistant="pots")
        await chat.send(type="turn.create", id="s", text='How many pots are in stock in the city "Leipzig"?')
        await chat.until("turn.tool_call")
        await other.open(session_id=chat.session_id)
        waiting = await other.until("turn.tool_call")
        assert (waiting["status"], waiting["input"]) == ("waiting", {"city": "Leipzig"})
        await other.send(type="tool.confirm", turn_id=waiting["turn_id"], call=waiting["call"], allow=allow)
        done = await chat.until("turn.completed", "turn.failed")
        await other.send(type="tool.confirm", turn_id=waiting["turn_id"], call=waiting["call"], allow=allow)
        assert (await other.until("error"))["code"] == "turn_not_found"
    assert done["type"] == "turn.completed" and ("120" in done["text"]) == allow
    seen = [f["status"] for f in chat.frames if f["type"] == "turn.tool_call"]
    assert seen == (["waiting", "started", "completed"] if allow else ["waiting", "refused"])


async def test_a_budget_that_is_used_up_refuses_and_says_when_to_come_back(ours: Installed) -> None:
    set_pace(ours)
    await asyncio.to_thread(put, ours, "/v1/budget", period="day", limit_usd="0.000001")
    try:
        async with chatting(ours) as chat:
            await chat.open()
            refused = await chat.ask("b", QUESTION)
        error = refused.get("error", refused)
        assert error["code"] == "budget_exceeded" and error["retry_after_s"] > 0
    finally:
        await asyncio.to_thread(put, ours, "/v1/budget", period="month")
