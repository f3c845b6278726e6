"""Every plan with models old and new, as each of them refuses: all turns are answered, and no request is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from application.plan.plan import KNOWN, PRESETS
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import chatting, set_pace
from tests.journeys.test_gateway import put

pytestmark = pytest.mark.real
ROLES = {
    "sonnet-4-5": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "haiku-4-5": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "opus-5-5": "us.anthropic.claude-opus-5-5",
    "sonnet-5-5": "us.anthropic.claude-sonnet-5-5",
    "fable-5-2": "us.anthropic.claude-fable-5-2",
}
"""Models that take temperature and a beginning of the answer, and the newest of three families, which take neither."""
PLANS = {**dict.fromkeys(PRESETS), "every-step": sorted(KNOWN)}
ASKED = (QUESTION, "And who pays for the postage then?", 'How many lids are in stock in the city "Leipzig"?')


async def test_every_plan_answers_every_turn_with_every_model(ours: Installed) -> None:
    """The stand-in judges each request by the service's model and by the rules of the model that it is sent to."""
    set_pace(ours, first_token_ms=5, token_ms=1)
    await asyncio.to_thread(put, ours, "/v1/datasets/lids", file=b"city,lids\nLeipzig,120\nBerlin,80\n")
    await asyncio.to_thread(
        put,
        ours,
        "/v1/tools/lids_of_city",
        description="How many lids are in stock in a city",
        input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        query={"dataset": "lids", "sql": "SELECT city, lids FROM lids WHERE city = :city"},
    )
    few = asyncio.Semaphore(5)

    async def answered(plan: str, role: str) -> list[str]:
        name, model = f"{plan}-{role}", ROLES[role]
        body: dict[str, Any] = {
            "plan": PLANS[plan] or plan,
            "models": {"fast": model, "balanced": model},
            "tools": ["lids_of_city"],
        }
        async with few, chatting(ours) as chat:
            await asyncio.to_thread(put, ours, f"/v1/assistants/{name}", **body)
            await chat.open(assistant=name)
            turns = [await chat.ask(f"{name}-{n}", text) for n, text in enumerate(ASKED)]
        wrong = [f"{name}: {done}" for done in turns if done["type"] != "turn.completed" or not done["text"]]
        wrong += [f"{name}: {done['model']} answered" for done in turns if done.get("model") not in (model, None)]
        return wrong + [f"{name}: {f}" for f in chat.frames if f["type"] in ("turn.model_failed_over", "turn.reset")]

    found = await asyncio.gather(*(answered(plan, role) for plan in PLANS for role in ROLES))
    assert [wrong for each in found for wrong in each] == []
    async with httpx.AsyncClient(base_url=ours.bedrock_url, timeout=30) as http:
        calls = (await http.get("/control/calls")).raise_for_status().json()["calls"]
    asked = [call for call in calls if call["model"] in ROLES.values()]
    assert {call["model"] for call in asked} == set(ROLES.values())
    assert [call for call in asked if call["status"] == 400] == [], "no request was one that the model refuses"
