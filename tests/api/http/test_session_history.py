"""A session as it was, and what happened between two of its versions, over HTTP, on fakes."""

from __future__ import annotations

from typing import Any

from application.clock import new_id
from domain.session import events as e
from tests.api.http.caring import Caring, said
from tests.fakes.in_memory_event_store import SLICE


async def pages(caring: Caring, path: str, of: str, **query: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["next"]:
        query |= {"cursor": found[-1]["next"]} if found else {}
        answer = await caring.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        assert found[-1][of] or not found[-1]["next"]
    return found


async def test_history_is_told_once_and_then_page_by_page(caring: Caring) -> None:
    turns = [fact for n in range(2_000) for fact in said(n)]
    id = await caring.session(*turns[:100], e.SessionRenamed(title="as it was"), *turns[100:])
    await caring.live(id)  # what a process holds of a session is read once
    caring.store.told = 0
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {"version": 3_002}
    while cursor:
        answer = (await caring.ask("GET", f"{id}/history", params={"limit": 100, **cursor})).json()
        found.append(answer)
        cursor = {"cursor": answer["next"]} if answer["next"] else {}
        await caring.write(id, *said(1), e.SessionRenamed(title="as it is", chosen=True))
    told = caring.store.told
    assert {(page["title"], page["version"], page["running"]) for page in found} == {("as it was", 3_002, None)}
    assert [turn["answer"] for page in found for turn in page["turns"]] == [f"It is {n} [1]." for n in range(1_500)]
    assert found[0]["turns"][0]["version"] == 3 and found[-1]["turns"][-1]["version"] == 3_002
    assert told < 2 * 3_002 + len(found) * (SLICE + 10), "each fact twice, and what is read beyond a page's end"
    latest = (await caring.ask("GET", f"{id}/history", params={"limit": 1})).json()
    assert (latest["title"], latest["version"]) == ("as it is", found[-1]["last_version"] + 3)


async def test_what_happened_between_two_versions(caring: Caring) -> None:
    first, second = said(1), said(2)
    turn = second[0].turn_id  # type: ignore[attr-defined]
    rated = e.FeedbackGiven(turn_id=turn, rating="down", comment="no")
    id = await caring.session(*first, e.SessionRenamed(title="Found"), *second, rated)
    (whole,) = await pages(caring, f"{id}/changes", "changes")
    assert [change["version"] for change in whole["changes"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (whole["from"], whole["version"], whole["last_version"]) == (0, 7, 7)
    split = await pages(caring, f"{id}/changes", "changes", limit=2)
    assert [change for page in split for change in page["changes"]] == whole["changes"] and len(split) == 4
    (some,) = await pages(caring, f"{id}/changes", "changes", **{"from": 3, "version": 6})
    assert some["changes"] == whole["changes"][3:6]
    assert [change["kind"] for change in some["changes"]] == [
        "session.renamed.1", "turn.started.1", "turn.completed.1",
    ]  # fmt: skip
    assert some["changes"][0]["title"] == "Found" and some["changes"][1]["turn_id"] == turn
    assert some["changes"][2]["answer"] == "It is 2 [1]." and whole["changes"][6]["rating"] == "down"
    (none,) = await pages(caring, f"{id}/changes", "changes", **{"from": 7})
    assert none["changes"] == []


async def test_who_may_look_back_and_how_far(caring: Caring) -> None:
    own, colleagues = await caring.session(*said(1)), await caring.session(*said(1), user="bob")
    erased = await caring.session(*said(1), e.SessionErased())
    for of in ("/history", "/changes"):
        answers = [await caring.ask("GET", id + of) for id in (colleagues, erased, new_id(), "nonsense")]
        answers.append(await caring.ask("GET", own + of, tenant=new_id()))
        answers += [await caring.ask("GET", id + of, role="auditor") for id in (erased, new_id())]
        bodies = [{**answer.json(), "trace_id": ""} for answer in answers]
        assert bodies[0]["code"] == "session_not_found" and bodies == [bodies[0]] * len(bodies)
        for role in ("analyst", "editor", "admin"):
            assert (await caring.ask("GET", own + of, role=role)).status_code == 403
        before = len(caring.store.log)
        assert (await caring.ask("GET", own + of)).status_code == 200
        assert len(caring.store.log) == before, "one's own is no fact"
        assert (await caring.ask("GET", own + of, role="auditor", user="eve")).status_code == 200
        assert type(caring.store.log[-1].event).TOPIC == "audit.read.1"
        wrong: list[tuple[dict[str, Any], str]] = [
            *(({"version": bad}, "invalid_range") for bad in (0, -1, 4, 2**70)),
            *(({"limit": bad}, "invalid_range") for bad in (0, 1_001)),
            *(({"cursor": bad}, "invalid_cursor") for bad in ("", "x", "...", "a.b.c", "cDE.cDE.cDE.")),
        ]
        if of == "/changes":
            wrong += [(bad, "invalid_range") for bad in ({"from": -1}, {"from": 4}, {"from": 3, "version": 2})]
        for query, code in wrong:
            answer = await caring.ask("GET", own + of, params=query)
            assert (answer.status_code, answer.json()["code"]) == (400, code), (of, query)
    other = (await caring.ask("GET", f"{own}/history", params={"cursor": "cDE.cDM.cDA.", "version": 2})).json()
    assert other["code"] == "invalid_cursor", "a cursor is of one version"
