"""Real answers without AWS: a whole installation whose stand-in asks a model of somebody's own, good or weak."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from tests.fakes.scripted_chat_server import (
    DONE,
    Script,
    ScriptedChat,
    calling,
    end,
    piece,
    saying,
    serving_in_a_thread,
)
from tests.journeys.conftest import chatting, reading

pytestmark = pytest.mark.real
ANSWER = ("The handbook ", "says so [1].")
MODEL = "llama3.2"


def words_of(body: dict[str, Any]) -> str:
    return "\n".join(str(message["content"]) for message in body["messages"])


def asks_for_json(body: dict[str, Any]) -> bool:
    return "Output JSON schema:" in words_of(body)


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedChat]:
    with serving_in_a_thread(lambda _: saying(*ANSWER)) as chat:
        yield chat


@pytest.fixture(scope="module")
def own(model: ScriptedChat) -> Iterator[Installed]:
    """An installation as the two commands of the documentation start it."""
    with installed(
        1,
        DOCUMENTS,
        COLLOQUY_STANDIN_UPSTREAM_URL=model.url,
        COLLOQUY_STANDIN_UPSTREAM_MODEL=MODEL,
        COLLOQUY_STANDIN_UPSTREAM_API_KEY="key-of-the-model",
    ) as found:
        with httpx.Client(
            base_url=found.url, headers={"Authorization": f"Bearer {found.tokens(1, ['admin'])[0]}"}
        ) as http:
            http.put("/v1/assistants/standard", json={"plan": "standard"}).raise_for_status()
        yield found


def costs(own: Installed) -> dict[str, Any]:
    own.wait_for_costs()
    with reading(own, "analyst") as http:
        summary: dict[str, Any] = http.get("/v1/costs/summary").raise_for_status().json()
    return summary


async def test_an_answer_is_streamed_cited_counted_and_its_speaker_named(own: Installed, model: ScriptedChat) -> None:
    model.script = lambda _: saying(*ANSWER)
    before = await asyncio.to_thread(costs, own)
    async with chatting(own) as chat:
        await chat.open()
        done = await chat.ask("q", QUESTION)
    assert done["type"] == "turn.completed" and done["text"] == chat.text == "".join(ANSWER)
    assert done["citations"] and done["usage"]["output_tokens"] == 7
    assert model.asked[-1]["model"] == MODEL and model.keys[-1] == "Bearer key-of-the-model"
    after = await asyncio.to_thread(costs, own)
    counted = ("input_tokens", "output_tokens", "estimated_calls")
    spoken = [[m for m in told["models"] if m["family"] == "sonnet"] for told in (before, after)]
    sums = [[sum(m[name] for m in models) for name in counted] for models in spoken]
    assert [late - early for early, late in zip(*sums, strict=True)] == [100, 7, 0]
    ready = (await asyncio.to_thread(httpx.get, f"{own.url}/health/ready", timeout=10)).json()
    assert ready["parts"]["bedrock"] == {
        "status": "ok",
        "needed": False,
        "detail": f"{MODEL}, through a local stand-in",
    }
    command = [sys.executable, "-m", "api.cli", "--data-dir", str(own.data_dir), "chat", "--tenant", own.tenants[0]]
    environment = os.environ | {"COLLOQUY_DATA_DIR": str(own.data_dir)}
    told = await asyncio.to_thread(
        subprocess.run, [*command, QUESTION], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    assert "".join(ANSWER) in told.stdout and f"spoken by {MODEL}" in told.stdout
    for kept in own.data_dir.joinpath("run").glob("*.json"):
        assert "key-of-the-model" not in kept.read_text(), "the model's key stays with the stand-in"


def uncounted(body: dict[str, Any]) -> Script:
    return saying("{}" if asks_for_json(body) else "So [1].", usage=None)


def prose_where_json_is_wanted(body: dict[str, Any]) -> Script:
    return saying('Sure! {"intent": ' if asks_for_json(body) else "So [1].")


def nothing_where_json_is_wanted(body: dict[str, Any]) -> Script:
    return Script([piece(role="assistant"), end(), DONE]) if asks_for_json(body) else saying("So [1].")


def endless_where_json_is_wanted(body: dict[str, Any]) -> Script:
    return Script([piece(content="{{{ ")], endless=True) if asks_for_json(body) else saying("So [1].")


def endless(body: dict[str, Any]) -> Script:
    return prose_where_json_is_wanted(body) if asks_for_json(body) else Script([piece(content="on ")], endless=True)


def tools_that_are_not_there(body: dict[str, Any]) -> Script:
    return saying("{}") if asks_for_json(body) else calling("google it!", "{oh")


def nothing_at_all(body: dict[str, Any]) -> Script:
    return Script([end(), DONE])


WEAK: list[tuple[Callable[[dict[str, Any]], Script], str]] = [
    (uncounted, "stop"),
    (prose_where_json_is_wanted, "stop"),
    (nothing_where_json_is_wanted, "stop"),
    (endless_where_json_is_wanted, "stop"),
    (endless, "length"),
    (tools_that_are_not_there, ""),
    (nothing_at_all, ""),
]


async def test_the_standard_plan_survives_a_weak_model(own: Installed, model: ScriptedChat) -> None:
    """Each ends in one way, and says how; who asked the next question gets an answer as if nothing had been."""
    for script, reason in WEAK:
        model.script = script
        async with chatting(own) as chat:
            await chat.open(assistant="standard")
            done = await chat.ask("q", QUESTION)
            ends = [frame["type"] for frame in chat.frames if frame["type"] in ("turn.completed", "turn.failed")]
            assert len(ends) == 1, (script.__name__, ends)
            if reason:
                assert (done["type"], done["finish_reason"]) == ("turn.completed", reason), (script.__name__, done)
                assert done["text"] == chat.text and done["text"], script.__name__
            model.script = lambda _: saying(*ANSWER)
            again = await chat.ask("r", "And who pays for the postage?")
            assert again["type"] == "turn.completed" and again["text"] == "".join(ANSWER), (script.__name__, again)
    told = await asyncio.to_thread(costs, own)
    assert sum(m["estimated_calls"] for m in told["models"]) > 0, "what nobody counted is marked"
