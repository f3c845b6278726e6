"""The routes that read sessions, over HTTP, on the real store and database."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.http.turn_answers import history
from application.clock import new_id
from domain.event import Event, StreamId
from domain.session import events as e
from tests.api.harness import bearer
from tests.projections.harness import House

pytestmark = pytest.mark.real


async def test_a_turn_shows_what_may_be_asked_next(house: House) -> None:
    id, turn_id = await house.session(), new_id()
    asked = [
        e.TurnStarted(turn_id=turn_id, client_id="c", text="What is tea?"),
        e.TurnCompleted(turn_id=turn_id, text="A leaf."),
    ]
    guessed = e.StepRun(turn_id=turn_id, step="follow_ups", result='{"questions": ["unsure"]}', safe_default=True)
    found = e.StepRun(turn_id=turn_id, step="follow_ups", result='{"questions": ["And coffee?"]}')
    for facts, shown in (([*asked, guessed], []), ([found], ["And coffee?"])):
        await house.writer.append(house.stream(id), facts, "ada")
        await house.feed()
        for consistent in ("false", "true"):
            turns = (await house.get(f"/v1/sessions/{id}/turns", consistent=consistent)).json()["turns"]
            assert [turn["follow_ups"] for turn in turns if turn["turn_id"] == turn_id] == [shown]


async def test_a_member_pages_through_their_own_sessions(house: House) -> None:
    ids = [await house.session() for _ in range(5)]
    await house.session("bob")
    await house.feed()
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await house.get("/v1/sessions", limit=2, **cursor)).json()
        seen += [row["session_id"] for row in page["sessions"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ids[::-1]
    row = page["sessions"][0]
    assert row["title"] == "What is 0? ★"
    assert {"session_id", "title", "created_at", "updated_at", "turns", "version"} <= row.keys()


async def test_turns_are_paged_in_order_and_the_consistent_read_agrees(house: House) -> None:
    id = await house.session(turns=5)
    early = (await house.get(f"/v1/sessions/{id}/turns", consistent=True)).json()
    assert (await house.get(f"/v1/sessions/{id}/turns")).status_code == 404  # the view has not heard of it
    await house.feed()
    whole = (await house.get(f"/v1/sessions/{id}/turns")).json()
    assert whole == early
    first = (await house.get(f"/v1/sessions/{id}/turns", limit=3)).json()
    rest = (await house.get(f"/v1/sessions/{id}/turns", limit=3, cursor=first["next"])).json()
    assert first["turns"] + rest["turns"] == whole["turns"]
    assert rest["next"] is None
    shown = {"turn_id", "status", "question", "answer", "model", "cached", "cost_usd", "usage", "citations"}
    finished = {"completed": "stop", "cancelled": "incomplete", "failed": None, "running": None}
    assert all(turn["finish_reason"] == finished[turn["status"]] for turn in whole["turns"])
    assert all(shown | {"created_at"} <= turn.keys() for turn in whole["turns"])


async def paged(house: House, path: str, cursor: str | None = None, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list of turns."""
    pages = []
    while True:
        query |= {"cursor": cursor} if cursor else {}
        page = (await house.get(path, **query)).json()
        pages.append(page["turns"])
        cursor = page["next"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("consistent", [False, True])
async def test_the_rest_of_a_history_is_read_at_its_cursor(house: House, consistent: bool) -> None:
    id = await house.session(turns=70)
    await house.feed()
    live = await house.services.sessions.live.get(StreamId.parse(house.stream(id)))
    shown, older = history(live.state)
    rest = await paged(house, f"/v1/sessions/{id}/turns", older, limit=7, consistent=consistent)
    assert [len(page) for page in rest] == [7, 7, 6]
    ids = [turn["turn_id"] for page in rest for turn in page] + [msgspec.json.decode(turn)["turn_id"] for turn in shown]
    assert ids == [turn.turn_id for turn in live.state.turns]
    for cursor in ("x.", ".x", f"{new_id()}.{new_id()}.{new_id()}", ""):
        refused = await house.get(f"/v1/sessions/{id}/turns", cursor=cursor)
        assert refused.json()["code"] == "invalid_cursor"


async def test_pages_of_turns_are_bounded_in_bytes(house: House) -> None:
    id = new_id()
    facts: list[Event] = [e.SessionOpened(user="ada", assistant="default")]
    for n in range(12):
        turn_id = new_id()
        facts.append(e.TurnStarted(turn_id=turn_id, client_id=f"c{n}", text="q" * 20_000))
        facts.append(e.TurnCompleted(turn_id=turn_id, text=f"{n} " + "ü" * 60_000))
    for first in range(0, len(facts), 5):
        await house.writer.append(house.stream(id), facts[first : first + 5], "ada")
    await house.feed()
    whole = [f"{n} " + "ü" * 60_000 for n in range(12)]
    asked: list[tuple[str, dict[str, Any]]] = [("turns", {}), ("turns", {"consistent": True}), ("history", {})]
    for path, query in asked:
        pages = await paged(house, f"/v1/sessions/{id}/{path}", limit=1_000, **query)
        assert [turn["answer"] for page in pages for turn in page] == whole
        assert max(len(page) for page in pages) < 12, path


async def test_history_is_paged(house: House) -> None:
    id = await house.session(turns=70)
    (whole,) = await paged(house, f"/v1/sessions/{id}/history", limit=1_000)
    assert len(whole) == 70
    pages = await paged(house, f"/v1/sessions/{id}/history", limit=30)
    assert [len(page) for page in pages] == [30, 30, 10] and [turn for page in pages for turn in page] == whole
    for limit in (0, 1_001):
        assert (await house.get(f"/v1/sessions/{id}/history", limit=limit)).json()["code"] == "invalid_range"
    assert (await house.get(f"/v1/sessions/{id}/history", cursor="x")).json()["code"] == "invalid_cursor"


async def test_the_view_goes_by_the_title_that_its_user_gave(house: House) -> None:
    id = await house.session()
    await house.writer.append(house.stream(id), [e.SessionRenamed(title="found")], "ada")
    headers = bearer(house.services, ["member"], house.tenant)
    title = "港 " * 50 + "harbour"
    renamed = await house.client.patch(f"/v1/sessions/{id}", headers=headers, json={"title": title})
    assert renamed.json()["title"] == title
    house.writer.versions[house.stream(id)] = renamed.json()["version"]
    await house.writer.append(house.stream(id), [e.SessionRenamed(title="found later")], "ada")
    await house.feed()
    shown = [
        (await house.get("/v1/sessions")).json()["sessions"][0],
        (await house.get(f"/v1/sessions/{id}")).json(),
        (await house.get(f"/v1/sessions/{id}", consistent=True)).json(),
        (await house.get(f"/v1/sessions/{id}/history")).json(),
        (await house.get(f"/v1/sessions/{id}/export", format="json")).json(),
    ]
    assert [row["title"] for row in shown] == [title] * len(shown)


@pytest.mark.parametrize("of", ["", "/turns", "/history"])
async def test_a_colleagues_session_answers_like_an_absent_one(house: House, of: str) -> None:
    id = await house.session("bob")
    await house.feed()
    answers = [
        await house.get(f"/v1/sessions/{id}{of}"),
        await house.get(f"/v1/sessions/{new_id()}{of}"),
        await house.get(f"/v1/sessions/nonsense{of}"),
        await house.get(f"/v1/sessions/{id}{of}", tenant=new_id()),
    ]
    bodies = [{**answer.json(), "trace_id": ""} for answer in answers]
    assert {answer.status_code for answer in answers} == {404}
    assert bodies[0]["code"] == "session_not_found"
    assert all(body == bodies[0] for body in bodies)


async def test_history_is_the_session_as_it_was(house: House) -> None:
    id = await house.session(turns=2)
    last = house.writer.versions[house.stream(id)]
    counts = [
        len((await house.get(f"/v1/sessions/{id}/history", version=version)).json()["turns"])
        for version in range(1, last + 1)
    ]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 2)
    for version in (0, -1, last + 1):
        refused = await house.get(f"/v1/sessions/{id}/history", version=version)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_range")
    assert (await house.get(f"/v1/sessions/{id}/history", "auditor")).json()["version"] == last
    await house.feed()
    reads = (await house.get("/v1/audit/events", "auditor", kind="audit.read.1")).json()["events"]
    assert reads[0]["data"]["filters"] == {"session": id, "version": str(last)}


async def test_an_erased_session_is_gone_everywhere_and_can_be_asked_for_again(house: House) -> None:
    id = await house.session()
    await house.feed()
    headers = bearer(house.services, ["member"], house.tenant)
    erased = await house.client.delete(f"/v1/sessions/{id}", headers=headers)
    assert erased.json()["erased"] is True
    for of in ("", "/turns", "/history"):
        for consistent in (True, False):
            assert (await house.get(f"/v1/sessions/{id}{of}", consistent=consistent)).status_code == 404
    assert (await house.get(f"/v1/sessions/{id}/history", version=1)).status_code == 404
    assert (await house.client.delete(f"/v1/sessions/{id}", headers=headers)).status_code == 404
    await house.feed()
    events = (await house.get("/v1/audit/events", "auditor", session=id)).json()["events"]
    assert [event["data"] for event in events if event["kind"].startswith("turn.")] == [None, None]
    assert (await house.get("/v1/sessions")).json()["sessions"] == []


async def test_a_fact_of_erasure_is_enough_to_destroy_the_key(house: House) -> None:
    id = await house.session()
    await house.writer.append(house.stream(id), [e.SessionErased()])  # and the process died here
    await house.feed()
    facts = await house.services.store.load(house.stream(id), upto=2**62)
    assert any(type(fact.event).__name__ == "Shredded" for fact in facts)
