"""OpenAI's chat on a scripted model: forms of answers, what is refused, and which turn of which session answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from api.http.openai.chat_request import BLANK
from application.exchanges.ask import BEGUN_ANEW
from application.exchanges.import_history import MOST_PAIRS
from application.ports.models.model import FailureKind, ModelFailure
from domain.session.events import SessionOpened, TurnCopied, TurnStarted
from domain.tenant.budget import Budget
from tests.api.harness import asgi, bearer
from tests.api.http.exchanging import exchanging
from tests.application.turns.harness import WITHIN_S, House, HouseTenants, house
from tests.fakes.scripted_model import Reply

USER = {"role": "user", "content": "How long may coffee be returned?"}


@asynccontextmanager
async def door(*replies: Reply, **changes: Any) -> AsyncIterator[tuple[httpx.AsyncClient, House]]:
    async with house(*replies, **changes) as here:
        services = exchanging(here)
        headers = bearer(services)
        async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy", headers=headers) as client:
            yield client, here
        await here.settled()


async def ask(client: httpx.AsyncClient, *messages: dict[str, Any], **fields: Any) -> httpx.Response:
    headers = fields.pop("headers", {})
    body = {"model": "default", "messages": list(messages) or [USER], **fields}
    return await client.post("/v1/chat/completions", json=body, headers=headers)


def chunks_of(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


async def started(here: House) -> list[tuple[str, str]]:
    """(session, question) of every turn that was asked."""
    return [(e.stream, e.event.text) for e in here.store.log if isinstance(e.event, TurnStarted)]


async def test_an_answer_has_its_text_usage_and_citations() -> None:
    async with door(Reply(("Within 30 days ", "[1]."))) as (client, _):
        answer = await ask(client, temperature=0.2, top_p=1, presence_penalty=0, user="x", max_tokens=9, seed=1)
        body = answer.json()
        assert answer.status_code == 200 and answer.headers["x-request-id"]
        assert body["choices"][0]["message"] == {
            "role": "assistant", "content": "Within 30 days [1].", "refusal": None
        }  # fmt: skip
        assert (body["object"], body["model"], body["choices"][0]["finish_reason"]) == (
            "chat.completion", "default", "stop"
        )  # fmt: skip
        assert body["citations"][0]["title"] == "Returns"
        used = body["usage"]
        assert used["total_tokens"] == used["prompt_tokens"] + used["completion_tokens"] > 0


async def test_a_stream_has_a_role_its_text_its_end_and_its_usage_once() -> None:
    async with door(Reply(("Within 30 ", "days ", "[1]."))) as (client, _):
        answer = await ask(client, stream=True, stream_options={"include_usage": True})
        assert answer.headers["content-type"].startswith("text/event-stream")
        *chunks, last = chunks_of(answer)
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == "Within 30 days [1]."
        assert [c["choices"][0]["finish_reason"] for c in chunks[-2:]] == [None, "stop"]
        assert {c["usage"] for c in chunks} == {None} and chunks[-1]["citations"][0]["n"] == 1
        assert last["choices"] == [] and last["usage"]["total_tokens"] > 0
        without = chunks_of(await ask(client, {"role": "user", "content": "Another?"}, stream=True))
        assert all("usage" not in chunk for chunk in without)


async def test_parts_roles_and_instructions_reach_the_model() -> None:
    async with door() as (client, here):
        parts = [{"type": "text", "text": "How long"}, {"type": "text", "text": "may it be returned?"}]
        tool = [{"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}]
        answer = await ask(
            client,
            {"role": "system", "content": "Talk like a pirate."},
            {"role": "developer", "content": "In one sentence."},
            assistant("Ahoy."),
            USER,
            {"role": "assistant", "content": None, "tool_calls": tool},
            {"role": "tool", "tool_call_id": "c", "content": "30 days"},
            {"role": "user", "content": parts, "name": "ada"},
        )
        assert answer.status_code == 200
        told = [(message.role, message.text) for message in here.model.calls[-1].messages]
        assert told[:2] == [("user", BLANK), ("assistant", "Ahoy.")] and told[2][1] == USER["content"]
        assert "look_up" in told[3][1] and "30 days" in told[3][1]
        assert "Talk like a pirate.\n\nIn one sentence." in told[4][1] and "How long\nmay it" in told[4][1]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"n": 2}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"audio": {"voice": "x"}}, "audio"),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ({"functions": [{"name": "f"}]}, "tools"),
    ({"messages": []}, "messages"),
    ({"messages": [USER, assistant("x")]}, "messages"),
    ({"messages": [{"role": "narrator", "content": "x"}]}, "messages"),
    ({"messages": "x"}, "messages"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages"),
    ({"response_format": {"type": "xml"}}, "response_format"),
    ({"response_format": {"type": "json_schema"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "nope"}}}}, "response_format"),
    ({"model": 7}, "model"),
]


async def test_what_is_not_done_is_refused_plainly_in_openais_form() -> None:
    async with door() as (client, here):
        for fields, param in REFUSED:
            error = (await ask(client, **fields)).json()["error"]
            assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, "invalid_field")
        long = {"role": "user", "content": "x" * 40_000}
        half = json.dumps({"model": "default", "messages": [{"role": "user", "content": "\ud800"}]}).encode()
        nul = {"role": "user", "content": "\0"}
        others = {
            "empty_prompt": await ask(client, {"role": "user", "content": " "}),
            "context_length_exceeded": await ask(client, long),
            "invalid_character": await ask(client, nul),
            "invalid_json": await client.post("/v1/chat/completions", content=half),
            "payload_too_large": await ask(client, *[long] * 40),
        }
        codes = {name: (answer.json()["error"]["code"], answer.status_code) for name, answer in others.items()}
        assert codes == {name: (name, 413 if name == "payload_too_large" else 400) for name in others}
        assert await started(here) == []


async def test_who_and_what_is_unknown() -> None:
    async with door() as (client, _):
        nobody = await client.post("/v1/chat/completions", json={}, headers={"Authorization": "Bearer ck_wrong"})
        assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "invalid_api_key")
        absent = await ask(client, model="gpt-4o")
        assert (absent.status_code, absent.json()["error"]["code"]) == (404, "model_not_found")
        models = (await client.get("/v1/models")).json()
        assert (models["object"], [model["id"] for model in models["data"]]) == ("list", ["default"])
        assert (await client.get("/v1/models/default")).json() == models["data"][0]
        gone = await client.get("/v1/models/gpt-4o")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")


async def test_over_a_limit_is_429_with_when_to_come_back() -> None:
    async with door() as (client, here):
        tenants = here.turns.prepare.tenants
        assert isinstance(tenants, HouseTenants)
        tenants.tenant = msgspec.structs.replace(tenants.tenant, budget=Budget(requests_per_minute=2))
        answers = [await ask(client, stream=stream) for stream in (False, True, False, True)]
        limited = [answer for answer in answers if answer.status_code == 429]
        assert limited and all(int(answer.headers["retry-after"]) >= 1 for answer in limited)
        assert {answer.json()["error"]["type"] for answer in limited} == {"rate_limit_error"}


async def test_a_history_that_grows_is_one_session() -> None:
    async with door(*(Reply((f"Answer {n}. ",)) for n in range(10))) as (client, here):
        messages: list[dict[str, Any]] = [{"role": "system", "content": f"It is {0} o'clock."}]
        for n in range(10):
            messages[0] = {"role": "system", "content": f"It is {n} o'clock."}  # as clients do with each request
            messages.append({"role": "user", "content": f"Question {n}?"})
            answer = (await ask(client, *messages)).json()["choices"][0]["message"]
            messages.append({"role": answer["role"], "content": answer["content"].strip()})  # some trim
        asked = await started(here)
        assert [text for _, text in asked] == [f"Question {n}?" for n in range(10)]
        assert len({stream for stream, _ in asked}) == 1 and len(here.model.calls) == 10
        assert not any(isinstance(e.event, TurnCopied) for e in here.store.log)


async def test_an_edited_history_is_another_session_that_knows_it() -> None:
    async with door(Reply(("First.",)), Reply(("Second.",)), Reply(("Third.",))) as (client, here):
        await ask(client)
        await ask(client, USER, assistant("First."), {"role": "user", "content": "And then?"})
        for changed in ("Edited.", "First."):  # a changed answer; and a question asked anew at the same place
            await ask(client, USER, assistant(changed), {"role": "user", "content": "And when?"})
        asked, model = await started(here), here.model
        assert len({stream for stream, _ in asked}) == 3 and asked[0][0] == asked[1][0]
        assert [message.text for message in model.calls[2].messages[:2]] == [USER["content"], "Edited."]
        copied = [e.event.answer for e in here.store.log if isinstance(e.event, TurnCopied)]
        assert copied == ["Edited.", "First."] and len(model.calls) == 4


async def test_a_long_past_is_known_by_its_end() -> None:
    async with door() as (client, here):
        past = [message for n in range(300) for message in (USER, assistant(f"Answer {n}."))]
        assert (await ask(client, *past, USER)).status_code == 200
        copied = [e.event.answer for e in here.store.log if isinstance(e.event, TurnCopied)]
        assert copied == [f"Answer {n}." for n in range(300 - MOST_PAIRS, 300)]


async def test_users_have_their_own_conversations() -> None:
    async with house(Reply(("First.",))) as here:
        services = exchanging(here)
        async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
            for user in ("ada", "grace"):
                for messages in ([USER], [USER, assistant("First."), USER]):
                    await ask(client, *messages, headers=bearer(services, user=user))
        await here.settled()
        streams = [stream for stream, _ in await started(here)]
        assert streams[0] == streams[1] != streams[2] == streams[3]
        assert len({e.event.user for e in here.store.log if isinstance(e.event, SessionOpened)}) == 2


async def test_the_same_request_in_flight_is_one_turn_and_afterwards_another() -> None:
    gate = asyncio.Event()
    async with door(Reply(("Once.",), gate=gate), Reply(("Again.",))) as (client, here):
        both = [asyncio.create_task(ask(client)) for _ in range(5)]
        async with asyncio.timeout(WITHIN_S):
            while not here.model.calls:  # noqa: ASYNC110
                await asyncio.sleep(0)
        gate.set()
        answers = [answer.json() for answer in await asyncio.gather(*both)]
        assert {answer["choices"][0]["message"]["content"] for answer in answers} == {"Once."}
        assert len({answer["id"] for answer in answers}) == len(await started(here)) == 1
        retried = (await ask(client, headers={"x-stainless-retry-count": "1"})).json()
        assert retried["id"] == answers[0]["id"]
        anew = await ask(client, headers={"Cache-Control": "no-cache"})
        assert anew.json()["choices"][0]["message"]["content"] == "Again."
        assert len({stream for stream, _ in await started(here)}) == 2


async def test_an_idempotency_key_names_one_request() -> None:
    async with door(Reply(("Once.",)), Reply(("Again.",))) as (client, here):
        key = {"Idempotency-Key": "k-1"}
        first, again = (await ask(client, headers=key)).json(), (await ask(client, headers=key, stream=True))
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks_of(again)) == "Once."
        assert first["id"] == chunks_of(again)[0]["id"] and len(here.model.calls) == 1
        other = await ask(client, {"role": "user", "content": "Else?"}, headers=key)
        assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


async def test_a_failure_has_its_status_and_the_next_try_is_in_the_same_session() -> None:
    broken = Reply((), failure=ModelFailure(FailureKind.INVALID_REQUEST, "no", refused=True))
    async with door(*[broken] * 2, Reply(("Well.",))) as (client, here):
        for stream in (False, True):
            failed = await ask(client, stream=stream)
            assert failed.status_code == 503 and failed.headers["retry-after"]
            assert failed.json()["error"]["type"] == "server_error"
        here.model.replies = (Reply(("Well.",)),)
        assert (await ask(client)).status_code == 200
        assert len({stream for stream, _ in await started(here)}) == 1


async def test_an_answer_that_begins_anew_is_told_after_a_line_and_goes_on_in_its_session() -> None:
    cut = Reply(("Within ten",), failure=ModelFailure(FailureKind.INTERNAL, "cut", started=True))
    async with door(cut, Reply(("Within 30 days.",))) as (client, here):
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks_of(await ask(client, stream=True)))
        assert text.endswith("Within 30 days.")
        assert text in ("Within 30 days.", f"Within ten{BEGUN_ANEW}Within 30 days.", "Within tenWithin 30 days.")
        await ask(client, USER, assistant(text), {"role": "user", "content": "And then?"})
        assert len({stream for stream, _ in await started(here)}) == 1


async def test_json_is_told_bare_and_only_if_it_fits() -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
    form = {"type": "json_schema", "json_schema": {"name": "days", "schema": schema, "strict": True}}
    fenced, wrong = Reply(('```json\n{"days": ', "30}\n```")), Reply(('{"days": "many"}',))
    async with door(fenced, fenced, wrong, wrong, Reply(("[1]",))) as (client, here):
        whole = await ask(client, response_format=form)
        assert json.loads(whole.json()["choices"][0]["message"]["content"]) == {"days": 30}
        streamed = chunks_of(await ask(client, response_format=form, stream=True))
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in streamed) == '{"days": 30}'
        assert '"required"' in here.model.calls[0].messages[-1].text
        assert (await ask(client, response_format=form)).status_code == 503
        late = await ask(client, response_format=form, stream=True)
        assert late.status_code == 200 and '"error"' in late.text and "[DONE]" not in late.text
        assert (await ask(client, response_format={"type": "json_object"})).status_code == 503


async def test_embeddings_are_numbers_or_their_bytes_and_are_counted() -> None:
    async with door() as (client, here):
        texts = ["tea", "coffee", "tea"]
        plain = (await client.post("/v1/embeddings", json={"input": texts, "model": "embedding"})).json()
        packed = {"input": "tea", "model": "embedding", "encoding_format": "base64"}
        bytes_ = (await client.post("/v1/embeddings", json=packed)).json()
        assert [row["index"] for row in plain["data"]] == [0, 1, 2]
        assert plain["data"][0]["embedding"] == plain["data"][2]["embedding"] != plain["data"][1]["embedding"]
        assert isinstance(bytes_["data"][0]["embedding"], str) and bytes_["usage"]["prompt_tokens"] > 0
        calls = [e.event for e in here.store.log if e.stream.split("/")[1] == "embeddings"]
        assert len(calls) == 2 * 4 and {getattr(call, "step", "") for call in calls} == {"embed"}
        wrong: list[dict[str, Any]] = [
            {"model": "text-embedding-3-small"},
            {"input": [[1, 2]]},
            {"input": []},
            {"dimensions": 7},
        ]
        for fields in wrong:
            failed = await client.post("/v1/embeddings", json={"input": "x", "model": "embedding"} | fields)
            assert failed.status_code == (404 if "model" in fields else 400) and failed.json()["error"]["message"]
