"""A question on its whole way: socket, events, model, documents, views, costs, audit."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.bench.load import compare_ledgers
from tests.journeys.conftest import GONE, chatting, hold_answers, reading, set_pace

pytestmark = pytest.mark.real


async def test_an_answer_streams_with_citations_that_quote_the_document(ours: Installed) -> None:
    set_pace(ours)
    async with chatting(ours) as chat:
        await chat.open()
        done = await chat.ask("q1", QUESTION)
    assert done["type"] == "turn.completed"
    assert chat.text == done["text"] != ""
    kinds = [frame["type"] for frame in chat.frames]
    assert kinds.index("turn.created") < kinds.index("turn.delta") < kinds.index("turn.citation")
    seqs = [frame["seq"] for frame in chat.frames if frame["type"].startswith("turn.")]
    assert seqs == sorted(set(seqs))
    citations = [frame for frame in chat.frames if frame["type"] == "turn.citation"]
    assert [c["n"] for c in done["citations"]] == [c["n"] for c in citations] != []
    with reading(ours, "member") as http:
        for citation in citations:
            text = http.get(f"/v1/documents/{citation['document_id']}/text").json()["text"]
            assert text[citation["start"] : citation["end"]] == citation["quote"]


async def test_every_view_tells_of_the_turn_and_money_adds_up(ours: Installed) -> None:
    set_pace(ours)
    user = ours.tokens(1)[0]
    async with chatting(ours, user) as chat:
        await chat.open()
        done = await chat.ask("q1", QUESTION)
    await asyncio.to_thread(ours.wait_for_costs)
    with reading(ours, "member", "analyst", "auditor") as http:
        turns = await _eventually(
            http,
            f"/v1/sessions/{chat.session_id}/turns",
            lambda found: found.get("turns") and found["turns"][0]["status"] != "running",
        )
        (turn,) = turns["turns"]
        assert (turn["answer"], turn["status"]) == (done["text"], "completed")
        assert http.get(f"/v1/sessions/{chat.session_id}/turns?consistent=true").json()["turns"][0]["answer"]
        lines, total = _lines_and_total(http)
        mine = [line for line in lines if line["turn_id"] == turn["turn_id"]]
        assert {line["step"] for line in mine} == {"embed", "answer_from_documents"}
        assert sum(Decimal(line["cost_usd"]) for line in lines) == total
        events = await _eventually(
            http, f"/v1/audit/events?session={chat.session_id}", lambda found: len(found["events"]) >= 8
        )
        asked = [e["data"]["text"] for e in events["events"] if e["kind"].startswith("turn.started")]
        assert asked == [QUESTION]


def _lines_and_total(http: httpx.Client) -> tuple[list[dict[str, Any]], Decimal]:
    """As they stand together: what others cancelled before may still be counted to its end between two readings."""
    while True:
        before, lines, after = (
            http.get(f"/v1/costs/{path}").raise_for_status().json()
            for path in ("summary", "lines?limit=1000", "summary")
        )
        if before["total_usd"] == after["total_usd"]:
            return lines["lines"], Decimal(after["total_usd"])


async def _eventually(http: Any, path: str, good: Any) -> Any:
    """A read once the view has caught up."""
    async with asyncio.timeout(30):
        while True:
            found = http.get(path).json()
            if good(found):
                return found
            await asyncio.sleep(0.05)


async def test_a_cancelled_answer_ends_at_once_and_its_tokens_are_exact(ours: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="c", text=QUESTION)
        created = await chat.until("turn.created")
        await chat.until("turn.delta")
        await chat.send(type="turn.cancel", turn_id=created["turn_id"])
        done = await chat.until("turn.completed")
        assert (done["status"], done["text"]) == ("cancelled", chat.text)
        await chat.send(type="turn.cancel", turn_id=created["turn_id"])
        assert (await chat.until("error"))["code"] == "turn_not_found"
        set_pace(ours)
        again = await chat.ask("after", QUESTION)
        assert again["status"] == "completed"
    await _until_ledgers_agree(ours)


async def _until_ledgers_agree(ours: Installed) -> None:
    async with asyncio.timeout(40):
        while True:
            await asyncio.to_thread(ours.wait_for_costs)
            if (await asyncio.to_thread(compare_ledgers, ours))[0] == 0:
                return
            await asyncio.sleep(0.2)


async def test_the_same_id_is_the_same_turn_and_never_paid_twice(ours: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="same", text=QUESTION)
        first = await chat.until("turn.created")
        await chat.send(type="turn.create", id="same", text=QUESTION)
        second = await chat.until("turn.created")
        assert second["turn_id"] == first["turn_id"]
        await chat.send(type="turn.create", id="same", text="something else")
        assert (await chat.until("error"))["code"] == "idempotency_conflict"
        await chat.send(type="turn.create", id="another", text="and now?")
        assert (await chat.until("error"))["code"] == "turn_in_progress"
        set_pace(ours)
        done = await chat.until("turn.completed")
        assert chat.text == done["text"]
    async with chatting(ours) as later:
        opened = await later.open(session_id=chat.session_id)
        assert [turn["answer"] for turn in opened["history"]] == [done["text"]]
        repeated = await later.ask("same", QUESTION)
        assert (repeated["turn_id"], repeated["text"], later.text) == (first["turn_id"], done["text"], done["text"])


async def test_two_sockets_see_the_same_and_a_lost_one_resumes_exactly(ours: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as one, chatting(ours) as two:
        await one.open()
        await two.open(session_id=one.session_id)
        await one.send(type="turn.create", id="t", text=QUESTION)
        await one.until("turn.delta")
        seen = one.frames[-1]["seq"]
        kept = one.text
        one.socket.connection.transport.abort()
        async with chatting(ours) as back:
            await back.open(session_id=one.session_id, after_seq=seen)
            set_pace(ours)
            done = await back.until("turn.completed")
            assert kept + back.text == done["text"]
        await two.until("turn.completed")
        assert two.text == done["text"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("nonsense", "invalid_json"),
        ('{"type":"turn.explode"}', "unknown_type"),
        ('{"type":"turn.create","id":"x","text":"a\\u0000b"}', "invalid_character"),
        ('{"type":"turn.create","id":"x","text":"\\ud83d"}', "invalid_character"),
        ('{"type":"turn.create","id":"x","text":"  "}', "empty_prompt"),
        ('{"type":"session.open"}', "session_already_open"),
        ('{"type":"turn.cancel","turn_id":"nothing"}', "turn_not_found"),
    ],
)
async def test_a_bad_frame_gets_a_typed_error_and_loses_nothing(ours: Installed, frame: str, code: str) -> None:
    set_pace(ours)
    async with chatting(ours) as chat:
        await chat.open()
        await chat.socket.send_text(frame)
        assert (await chat.until("error"))["code"] == code
        assert (await chat.ask("q", "How long is the warranty of a grinder?"))["type"] == "turn.completed"


@pytest.mark.parametrize(("message", "code"), [(b"\x00\x01", 1003), ("x" * 300_000, 1009)])
async def test_frames_that_cannot_be_read_close_the_socket(ours: Installed, message: Any, code: int) -> None:
    async with chatting(ours) as chat:
        await chat.open()
        with pytest.raises(GONE) as closed:
            await chat.socket.connection.send(message)
            await chat.until("never")
        assert closed.value.close_code == code


async def test_an_unknown_session_and_a_colleagues_answer_alike(ours: Installed) -> None:
    mine, theirs = ours.tokens(3)[0], ours.tokens(3)[2]  # two users of one tenant
    async with chatting(ours, mine) as chat:
        await chat.open()
    answers = []
    for session in (chat.session_id, str(uuid4())):
        async with chatting(ours, theirs) as stranger:
            refused = await stranger.open(session_id=session)
            with pytest.raises(GONE) as closed:
                await stranger.receive()
            answers.append((refused["code"], refused["message"], closed.value.close_code))
    assert answers[0] == answers[1] == ("session_not_found", "There is no such session.", 4404)


async def test_a_token_that_expires_ends_its_socket(ours: Installed) -> None:
    from api.composition.token_wiring import token_issuer
    from api.settings import read_settings

    issuer = token_issuer(read_settings(data_dir=str(ours.data_dir)))
    token = issuer.issue(tenant=ours.tenants[0], user="brief", roles=["member"], ttl_s=2).token
    async with chatting(ours, token) as chat:
        await chat.open()
        with pytest.raises(GONE) as closed:
            while True:
                await chat.receive()
        assert closed.value.close_code == 4401
    assert json.dumps(chat.frames[-1]).find("unauthorized") > 0
