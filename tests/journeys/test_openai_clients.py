"""OpenAI's own client against a whole installation: nothing of it knows that it talks to somebody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import openai
import pydantic
import pytest
from click.testing import CliRunner

from api.cli.main import cli
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import WITHIN_S, reading, set_pace

pytestmark = pytest.mark.real
QUESTION = "How many days after delivery may a customer return unopened coffee?"


def user(text: str = QUESTION) -> Any:
    return {"role": "user", "content": text}


def new_key(ours: Installed, tenant: int = 0, name: str = "user-0") -> str:
    made_for = ["--data-dir", str(ours.data_dir), "--tenant", ours.tenants[tenant], "--user", name, "--name", "sdk"]
    arguments = ["api-key", "create", *made_for, "--json"]
    return str(json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout)["key"])


@contextmanager
def without_money(ours: Installed, tenant: int) -> Iterator[None]:
    """A tenant's budget is used up meanwhile."""
    admin = {"Authorization": f"Bearer {_token(ours, tenant, 'admin')}"}
    with reading(ours, "admin") as http:
        limits = {"period": "month", "limit_usd": "0.000001"}
        http.put("/v1/budget", json=limits, headers=admin).raise_for_status()
        try:
            yield
        finally:
            http.put("/v1/budget", json={}, headers=admin).raise_for_status()


@pytest.fixture(scope="module")
async def sdk(ours: Installed) -> AsyncIterator[openai.AsyncOpenAI]:
    set_pace(ours)
    anew = {"Cache-Control": "no-cache"}  # other journeys may have asked the same
    base_url, key = f"{ours.url}/v1", new_key(ours)
    async with openai.AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0, default_headers=anew) as client:
        yield client


async def test_chat_whole_and_streamed_with_usage_and_parts(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.chat.completions.create(model="default", messages=[user()], temperature=0.1, user="x")
    assert whole.choices[0].finish_reason == "stop" and "[1]" in str(whole.choices[0].message.content)
    assert whole.usage and whole.usage.total_tokens > 0 and whole.model_extra
    assert whole.model_extra["citations"][0]["quote"] and whole._request_id
    parts: Any = [
        {"type": "text", "text": "How many days after delivery"},
        {"type": "text", "text": "may coffee be returned?"},
    ]
    text, used, finished = "", None, []
    async for chunk in await sdk.chat.completions.create(
        model="default",
        messages=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        used = chunk.usage or used
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        finished += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
    assert text and used and used.total_tokens > 0 and finished == ["stop"]
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.chat.completions.create(model="default", messages=[user()], n=2)
    assert refused.value.param == "n"
    models = [model.id async for model in sdk.models.list()]
    assert "default" in models and (await sdk.models.retrieve("default")).object == "model"
    made = await sdk.embeddings.create(model="embedding", input=["leave", "days"])  # asks for base64 by itself
    plain = await sdk.embeddings.create(model="embedding", input="leave", encoding_format="float")
    assert len(made.data) == 2 and made.usage.total_tokens > 0
    assert made.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)


class Period(pydantic.BaseModel):
    """What a program wants to know of a question about returns."""

    what: str
    days: int = pydantic.Field(ge=1)
    unit: Literal["days", "weeks"]
    sources: list[str]
    note: str | None


async def test_answers_have_the_form_that_a_program_wants(sdk: openai.AsyncOpenAI) -> None:
    parsed = await sdk.chat.completions.parse(model="default", messages=[user()], response_format=Period)
    told = parsed.choices[0].message.parsed
    assert told is not None and (told.days, told.unit) == (30, "days"), "as the passage says"
    async with sdk.chat.completions.stream(model="default", messages=[user()], response_format=Period) as stream:
        assert (await stream.get_final_completion()).choices[0].message.parsed == told
    some: Any = {"type": "json_object"}
    whole = await sdk.chat.completions.create(model="default", messages=[user()], response_format=some)
    assert "30 days" in json.loads(str(whole.choices[0].message.content))["answer"]


async def test_failures_are_the_errors_that_the_client_knows(ours: Installed, sdk: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as absent:
        await sdk.chat.completions.create(model="gpt-4o", messages=[user()])
    assert absent.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        await sdk.with_options(api_key="ck_" + "A" * 72).models.list()
    other = sdk.with_options(api_key=new_key(ours, 1))
    with without_money(ours, 1):
        with pytest.raises(openai.RateLimitError) as limited:
            for _ in range(20):
                await other.chat.completions.create(model="default", messages=[user()])
        assert int(limited.value.response.headers["retry-after"]) >= 1
        assert limited.value.code == "budget_exceeded" and limited.value.type == "insufficient_quota"


async def test_a_conversation_of_ten_requests_is_one_session_each_turn_paid_once(
    ours: Installed, sdk: openai.AsyncOpenAI
) -> None:
    messages: list[Any] = [{"role": "system", "content": "Be brief."}]
    sessions = set()
    for number in range(10):
        messages.append(user(f"Question {number}: how long may coffee be returned?"))
        raw = await sdk.chat.completions.with_raw_response.create(model="default", messages=messages)
        sessions.add(raw.headers["x-session-id"])
        messages.append({"role": "assistant", "content": raw.parse().choices[0].message.content})
    (session,) = sessions
    with reading(ours, "member", "analyst") as http:
        turns = http.get(f"/v1/sessions/{session}/turns", params={"consistent": "true"}).json()["turns"]
        assert len(turns) == 10 and {turn["status"] for turn in turns} == {"completed"}
        ours.wait_for_costs()
        lines = http.get("/v1/costs/lines", params={"limit": 1000}).json()["lines"]
    answers = [line["turn_id"] for line in lines if line["session_id"] == session and line["step"].startswith("answer")]
    assert sorted(answers) == sorted(turn["turn_id"] for turn in turns)


async def test_who_hangs_up_cancels_the_turn(ours: Installed, sdk: openai.AsyncOpenAI) -> None:
    set_pace(ours, first_token_ms=50, token_ms=300)
    try:
        stream = await sdk.chat.completions.create(model="default", messages=[user("Tell me all of it.")], stream=True)
        session = stream.response.headers["x-session-id"]
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        whole = asyncio.create_task(sdk.chat.completions.create(model="default", messages=[user("And all again.")]))
        with reading(ours, "member") as http:
            assert await ends_as(http, session) == "cancelled"
            last = await _session_of(http, "And all again.")
            whole.cancel()
            assert await ends_as(http, last) == "cancelled"
    finally:
        set_pace(ours)


async def test_twenty_at_once(sdk: openai.AsyncOpenAI) -> None:
    async def one(number: int) -> str:
        text = ""
        asked = [user(f"Number {number}: how long may coffee be returned?")]
        async for chunk in await sdk.chat.completions.create(model="default", messages=asked, stream=True):
            text += chunk.choices[0].delta.content or ""
        return text

    assert all(await asyncio.gather(*map(one, range(20))))


async def _session_of(http: Any, title: str) -> str:
    async with asyncio.timeout(WITHIN_S):
        while True:
            for found in http.get("/v1/sessions", params={"limit": 100}).json()["sessions"]:
                if found["title"] == title:
                    return str(found["session_id"])
            await asyncio.sleep(0.05)


async def ends_as(http: Any, session: str) -> str:
    """How the last turn of a session ends, once it has."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            turns = http.get(f"/v1/sessions/{session}/turns", params={"consistent": "true"}).json()["turns"]
            if turns and turns[-1]["status"] != "running":
                return str(turns[-1]["status"])
            await asyncio.sleep(0.05)


def _token(ours: Installed, tenant: int, role: str) -> str:
    issued_for = ["--data-dir", str(ours.data_dir), "--tenant", ours.tenants[tenant], "--user", "a", "--role", role]
    arguments = ["token", "issue", *issued_for]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout.strip()
