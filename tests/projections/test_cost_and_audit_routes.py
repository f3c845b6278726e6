"""The routes that read costs and the audit log, over HTTP, on the real store and database."""

from __future__ import annotations

import csv
import io
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from application.clock import new_id
from application.users import Users
from domain.session import events as e
from domain.tenant.assistant import Assistant
from domain.tenant.events import AssistantPut
from tests.projections.harness import NOVEMBER, House
from tests.projections.histories import HAIKU, START, used

pytestmark = pytest.mark.real


async def test_what_is_confidential_is_shown_to_those_alone_whom_it_is_for(house: House) -> None:
    """An analyst's costs and an auditor's log, by assistant: what is hidden is in no sum, and said in no fact."""
    secret, seen = await house.session(turns=3, assistant="board"), await house.session(turns=3)
    sums = {}
    board = Assistant(groups=("directors",), roles=("editor",), confidential=True)
    put = AssistantPut(name="board", assistant=board, version=1)
    for is_put in (False, True):
        if is_put:
            await house.writer.append(f"{house.tenant}/tenant/{house.tenant}", [put])
            house.services.tenants.known.forget(house.tenant)
        await house.feed()
        for roles in (("analyst",), ("analyst", "editor")):
            summary = (await house.get("/v1/costs/summary", *roles, **NOVEMBER)).json()
            lines = (await house.get("/v1/costs/lines", *roles, **NOVEMBER)).json()["lines"]
            by = {"group_by": "assistant", "interval": "hour"}
            series = (await house.get("/v1/costs/series", *roles, **NOVEMBER, **by)).json()
            assert sum(Decimal(line["cost_usd"]) for line in lines) == Decimal(summary["total_usd"])
            assert sum(Decimal(point["cost_usd"]) for point in series["series"]) == Decimal(series["total_usd"])
            assert summary["total_usd"] == series["total_usd"] and summary["calls"] == len(lines)
            sums[is_put, roles] = {point["key"] for point in series["series"]}, summary["turns"]
    everything = {"board", "default"}, 6
    assert sums.pop((True, ("analyst",))) == ({"default"}, 3)
    assert list(sums.values()) == [everything] * 3

    for roles in (("auditor",), ("auditor", "editor")):
        events = (await house.get("/v1/audit/events", *roles, limit=1_000)).json()["events"]
        streamed = (await house.get("/v1/audit/events", *roles, format="jsonl")).text
        told = [event["data"] for event in events if event["stream"] == house.stream(secret)]
        others = [event["data"] for event in events if event["stream"] == house.stream(seen)]
        withheld = roles == ("auditor",)
        assert told and others and None not in others and {data is None for data in told} == {withheld}
        assert ('"withheld":true' in streamed) == withheld
        for path in ("history", "changes"):
            answer = await house.get(f"/v1/sessions/{secret}/{path}", *roles)
            assert answer.status_code == (404 if withheld else 200)
            assert (await house.get(f"/v1/sessions/{seen}/{path}", *roles)).status_code == 200


async def test_the_three_cost_views_agree_to_the_last_digit(house: House) -> None:
    for number in range(6):
        await house.session(turns=number)
        await house.writer.append(
            f"{house.tenant}/search/{new_id()}",
            [used(new_id(), tokens=7 + number, model="amazon.titan-embed-text-v2:0")],
        )
    await house.feed()
    summary = (await house.get("/v1/costs/summary", "analyst", **NOVEMBER)).json()
    total = Decimal(summary["total_usd"])
    assert total > 0
    assert (summary["budget"]["period"], summary["budget"]["limit_usd"]) == ("month", None)
    assert sum(Decimal(model["cost_usd"]) for model in summary["models"]) == total
    assert summary["turns"] == 15
    assert summary["cache"]["exact_hits"] + summary["cache"]["semantic_hits"] + summary["cache"]["misses"] == 15
    assert {model["family"] for model in summary["models"]} <= {"sonnet", "haiku", "titan-embed"}
    for group in ("model", "family", "step", "user", "session", "source", "assistant"):
        for interval in ("hour", "day"):
            asked = NOVEMBER | {"group_by": group, "interval": interval}
            series = (await house.get("/v1/costs/series", "analyst", **asked)).json()
            assert sum(Decimal(point["cost_usd"]) for point in series["series"]) == total
            assert series["total_usd"] == summary["total_usd"]
            dearest = (await house.get("/v1/costs/series", "analyst", top=1, **asked)).json()
            assert dearest["total_usd"] == summary["total_usd"]
            assert len({point["key"] for point in dearest["series"] if not point["others"]}) == 1
            assert sum(point["calls"] for point in dearest["series"]) == summary["calls"]
    lines = await all_lines(house)
    assert sum(Decimal(line["cost_usd"]) for line in lines) == total
    assert len({line["call_id"] for line in lines}) == len(lines) == summary["calls"]
    newest = [line["call_id"] for line in await all_lines(house, order="newest")]
    assert newest == [line["call_id"] for line in reversed(lines)]
    link = await house.get("/v1/costs/lines", "analyst", format="csv", **NOVEMBER)
    assert [row["call_id"] for row in csv.DictReader(io.StringIO(link.text))] == newest[::-1]
    assert summary["lag_events"] == 0
    other = (await house.get("/v1/costs/summary", "analyst", tenant=new_id(), **NOVEMBER)).json()
    assert (other["total_usd"], other["calls"], other["models"]) == ("0", 0, [])


async def test_a_long_series_comes_in_pages_whose_total_is_of_all_of_it(house: House) -> None:
    for _ in range(5):
        await house.session(turns=3)
    await house.feed()
    asked: dict[str, Any] = NOVEMBER | {"group_by": "session", "interval": "hour"}
    whole = (await house.get("/v1/costs/series", "analyst", **asked)).json()
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await house.get("/v1/costs/series", "analyst", limit=2, **asked, **cursor)).json()
        seen += page["series"]
        assert page["total_usd"] == whole["total_usd"] and len(page["series"]) <= 2
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert whole["next"] is None and seen == whole["series"] and len(seen) > 2
    table = await house.get("/v1/costs/series", "analyst", format="csv", **asked)
    assert [(row["at"], row["key"]) for row in csv.DictReader(io.StringIO(table.text))] == [
        (point["at"], point["key"]) for point in seen
    ]
    first = await house.get("/v1/costs/series", "analyst", format="csv", limit=2, **asked)
    assert 'rel="next"' in first.headers["link"] and len(first.text.splitlines()) == 3


async def all_lines(house: House, **asked: str) -> list[dict[str, Any]]:
    """The lines of November, page by page."""
    lines: list[dict[str, Any]] = []
    while True:
        page = (await house.get("/v1/costs/lines", "analyst", limit=4, **NOVEMBER, **asked)).json()
        lines += page["lines"]
        if page["next"] is None:
            return lines
        asked["cursor"] = page["next"]


async def test_costs_are_narrowed_by_what_is_asked_for(house: House) -> None:
    mel = await house.services.access.users.known(house.tenant, "Mel 50%s")
    session = await house.session(turns=3)
    facts = [by(used(new_id(), model=HAIKU), mel), used(new_id())]
    await house.writer.append(f"{house.tenant}/search/{new_id()}", facts, mel)
    await house.feed()
    every = (await house.get("/v1/costs/lines", "analyst", **NOVEMBER)).json()["lines"]
    for asked, shown in (
        ({"user": "Mel 50%s"}, {"user": "Mel 50%s"}),
        ({"user": mel, "source": "api"}, {"user": "Mel 50%s", "source": "api"}),
        ({"session": session}, {"session_id": session}),
        ({"model": HAIKU}, {"model": HAIKU}),
        ({"family": "sonnet", "step": "answer"}, {"family": "sonnet"}),
        ({"step": "100%"}, {"step": "100%"}),
    ):
        wanted = [line for line in every if shown.items() <= line.items()]
        lines = (await house.get("/v1/costs/lines", "analyst", **NOVEMBER, **asked)).json()["lines"]
        summary = (await house.get("/v1/costs/summary", "analyst", **NOVEMBER, **asked)).json()
        assert lines == wanted
        assert summary["calls"] == len(wanted)
        assert bool(wanted) != ("100%" in asked.values())


async def test_csv_disarms_formulas(house: House) -> None:
    evil = await house.services.access.users.known(house.tenant, "=HYPERLINK(1)")
    await house.writer.append(f"{house.tenant}/search/{new_id()}", [by(used(new_id(), model=HAIKU), evil)])
    await house.feed()
    (empty,) = csv.reader(
        io.StringIO((await house.get("/v1/costs/lines", "analyst", tenant=new_id(), accept="text/csv")).text)
    )
    assert empty[:2] == ["call_id", "at"]
    for route in ("lines", "series", "summary"):
        answer = await house.get(f"/v1/costs/{route}", "analyst", accept="text/csv", **NOVEMBER)
        assert answer.headers["content-type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert row.get("user", "'=HYPERLINK(1)") == "'=HYPERLINK(1)"
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def by(event: Any, user: str) -> Any:
    return msgspec.structs.replace(event, user=user)


async def test_users_are_named_to_those_who_may_know_until_they_are_forgotten(house: House) -> None:
    users, stream = house.services.access.users, f"{house.tenant}/search/{new_id()}"
    ada = await users.known(house.tenant, "Ada König 王")
    await house.writer.append(stream, [by(used(new_id(), model=HAIKU), ada)], ada)
    await house.writer.append(stream, [by(used(new_id(), model=HAIKU), "Ada König 王")], "Ada König 王")
    await house.feed()

    async def shown() -> list[set[str]]:
        lines = (await house.get("/v1/costs/lines", "analyst", **NOVEMBER)).json()["lines"]
        series = (await house.get("/v1/costs/series", "analyst", group_by="user", **NOVEMBER)).json()["series"]
        audited = (await house.get("/v1/audit/events", "auditor", actor="Ada König 王")).json()["events"]
        assert (len(lines), len(series), len(audited)) == (2, 1, 2), "old facts and new ones are one user's"
        return [{row[key] for row in table} for table, key in ((lines, "user"), (series, "key"), (audited, "actor"))]

    assert await shown() == [{"Ada König 王"}] * 3
    await users.forget(house.tenant, ada)
    assert await shown() == [{ada}, {ada}, {ada, "Ada König 王"}], "what was stored before in the clear stays"
    vault = house.store.vault
    other = Users(vault, users.rows, house.store)
    assert await other.known(house.tenant, "Ada König 王") == ada
    await other.close()
    assert (await shown())[0] == {ada}, "who comes back stays without a name"


async def test_reading_by_actor_is_noted_without_the_name(house: House) -> None:
    await house.get("/v1/audit/events", "auditor", actor="Ada König 王")
    await house.feed()
    (read,) = (await house.get("/v1/audit/events", "auditor", kind="audit.read.1")).json()["events"][:1]
    whose = await house.services.access.users.pseudonym(house.tenant, "Ada König 王")
    assert read["data"]["filters"] == {"actor": whose}
    assert read["actor"] == "ada" and read["data"]["user"] == await house.services.access.users.pseudonym(
        house.tenant, "ada"
    )


async def test_the_audit_list_filters_and_ends_although_reading_adds_to_it(house: House) -> None:
    id = await house.session(turns=2)
    await house.session("bob")
    await house.feed()
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await house.get("/v1/audit/events", "auditor", limit=1, **cursor)).json()
        seen += page["events"]
        await house.feed()
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    positions = [event["position"] for event in seen]
    assert positions == sorted(set(positions))
    assert len(seen) == sum(house.writer.versions.values())
    one = (await house.get("/v1/audit/events", "auditor", session=id)).json()["events"]
    assert {event["stream"] for event in one} == {house.stream(id)}
    assert [event["version"] for event in one] == list(range(1, house.writer.versions[house.stream(id)] + 1))
    (started, *_) = [event for event in one if event["kind"] == "turn.started.1"]
    assert started["data"]["text"] == "What is 0? ★"
    assert len(started["leaf_hash"]) == 64
    by_bob = (await house.get("/v1/audit/events", "auditor", actor="bob")).json()["events"]
    assert {event["actor"] for event in by_bob} == {"bob"}
    after = (await house.get("/v1/audit/events", "auditor", after=positions[-2], kind=seen[-1]["kind"])).json()
    assert after["events"][0]["position"] == positions[-1]
    none = (await house.get("/v1/audit/events", "auditor", to="2026-01-01T00:00:00Z")).json()
    assert none == {"events": [], "next": None}


async def test_the_newest_facts_come_first_page_by_page_and_by_correlation(house: House) -> None:
    id = await house.session(turns=3)
    stream, turn = house.stream(id), new_id()
    for number in range(3):
        given = e.FeedbackGiven(turn_id=turn, rating="up")
        await house.writer.append(stream, [given], correlation=turn, causation=f"command {number}")
    await house.feed()
    whole = (await house.get("/v1/audit/events", "auditor", limit=1000)).json()["events"]
    first_look = await house.services.reads.audit.last(house.tenant)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await house.get("/v1/audit/events", "auditor", limit=2, order="newest", **cursor)).json()
        seen += page["events"]
        await house.feed()
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [event["position"] for event in seen] == sorted((event["position"] for event in whole), reverse=True)
    assert seen[0]["position"] == first_look, "what the looks themselves add is newer than the list"
    followed = (await house.get("/v1/audit/events", "auditor", correlation=turn)).json()["events"]
    assert [event["causation_id"] for event in followed] == ["command 0", "command 1", "command 2"]
    lines = await house.get("/v1/audit/events", "auditor", format="jsonl", session=id)
    assert lines.headers["content-disposition"].startswith("attachment")
    exported = [msgspec.json.decode(line) for line in lines.text.splitlines()]
    assert exported == [event for event in whole if event["stream"] == stream]
    state = (await house.get("/v1/audit/log", "auditor")).json()
    last = await house.services.reads.audit.last(house.tenant)
    assert (state["state"], state["last_position"]) == ("unknown", last)
    assert state["events"] >= len(whole) and "turn.started.1" in state["kinds"]


async def test_a_range_of_time_finds_its_facts_although_times_do_not_rise_with_positions(house: House) -> None:
    draw, written = random.Random(3), []
    for number in range(24):
        house.writer.at = START + timedelta(minutes=draw.randrange(-90, 90), hours=number)
        actor = draw.choice(["ada", "bob", await house.services.access.users.known(house.tenant, "bob")])
        await house.writer.append(house.stream(new_id()), [e.SessionOpened(user=actor, assistant="default")], actor)
        written.append((house.writer.at, actor))
    await house.feed()
    for _ in range(12):
        since, until = sorted(START + timedelta(minutes=draw.randrange(24 * 60)) for _ in range(2))
        narrowed = draw.choice([{}, {"actor": "bob"}, {"kind": "session.opened.1"}])
        bounds = {"from": since.isoformat(), "to": until.isoformat()}
        wanted = [at for at, actor in written if since <= at < until and (actor != "ada" or "actor" not in narrowed)]
        for order in ("oldest", "newest"):
            asked = {**bounds, **narrowed, "order": order}
            page = (await house.get("/v1/audit/events", "auditor", limit=3, **asked)).json()
            found, following = page["events"], page["next"]
            while following:
                page = (await house.get("/v1/audit/events", "auditor", limit=3, cursor=following, **asked)).json()
                found, following = found + page["events"], page["next"]
            shown = [datetime.fromisoformat(event["at"]) for event in found]
            assert shown == (wanted if order == "oldest" else wanted[::-1])


@pytest.mark.parametrize(
    ("path", "role", "query", "code"),
    [
        ("/v1/sessions", "member", {"cursor": "x"}, "invalid_cursor"),
        ("/v1/sessions", "member", {"limit": 0}, "invalid_range"),
        ("/v1/sessions", "member", {"limit": 1001}, "invalid_range"),
        ("/v1/costs/lines", "analyst", {"cursor": "cDEy!"}, "invalid_cursor"),
        ("/v1/costs/lines", "analyst", {"limit": -1}, "invalid_range"),
        ("/v1/costs/summary", "analyst", {"from": "yesterday"}, "invalid_range"),
        (
            "/v1/costs/summary",
            "analyst",
            {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"},
            "invalid_range",
        ),
        ("/v1/costs/series", "analyst", {"group_by": "planet"}, "invalid_field"),
        ("/v1/costs/series", "analyst", {"top": 0}, "invalid_range"),
        ("/v1/costs/series", "analyst", {"cursor": "WyJ4Il0"}, "invalid_cursor"),
        ("/v1/costs/series", "analyst", {"limit": 1001}, "invalid_range"),
        ("/v1/costs/lines", "analyst", {"order": "dearest"}, "invalid_field"),
        ("/v1/costs/lines", "analyst", {"model": "x" * 201}, "invalid_field"),
        ("/v1/costs/summary", "analyst", {"step": "a\x01b"}, "invalid_field"),
        ("/v1/audit/events", "auditor", {"after": -1}, "invalid_range"),
        ("/v1/audit/events", "auditor", {"cursor": "cDE.cDI.x"}, "invalid_cursor"),
        ("/v1/audit/events", "auditor", {"cursor": "cDE"}, "invalid_cursor"),
        ("/v1/audit/events", "auditor", {"session": "a\x00b"}, "invalid_character"),
        ("/v1/audit/events", "auditor", {"actor": "a\x00b"}, "invalid_character"),
        ("/v1/audit/events", "auditor", {"limit": 5000}, "invalid_range"),
        ("/v1/audit/events", "auditor", {"order": "sideways"}, "invalid_field"),
        ("/v1/audit/events", "auditor", {"format": "xml"}, "invalid_field"),
        ("/v1/audit/events", "auditor", {"order": "newest", "cursor": "x"}, "invalid_cursor"),
    ],
)
async def test_bad_questions_are_named(house: House, path: str, role: str, query: dict[str, Any], code: str) -> None:
    answer = await house.get(path, role, **query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("path", "role"),
    [("/v1/costs/summary", "member"), ("/v1/audit/events", "analyst"), ("/v1/sessions", "auditor")],
)
async def test_roles_see_only_their_own_kind(house: House, path: str, role: str) -> None:
    assert (await house.get(path, role)).status_code == 403


async def test_pages_of_the_audit_log_are_bounded_in_bytes(house: House) -> None:
    id = await house.session()
    passage = e.Passage(passage_id="p", document_id="d", title="", text="x" * 400_000, start=0, end=9, score=1.0)
    for _ in range(8):
        await house.writer.append(house.stream(id), [e.PassagesRetrieved(turn_id="t", passages=(passage,))], "ada")
    await house.feed()
    cursor: dict[str, str] = {}
    sizes, kinds = [], []
    while True:
        answer = await house.get("/v1/audit/events", "auditor", session=id, limit=1_000, **cursor)
        sizes.append(len(answer.content))
        kinds += [row["kind"] for row in answer.json()["events"]]
        if answer.json()["next"] is None:
            break
        cursor = {"cursor": answer.json()["next"]}
    assert kinds.count("passages.retrieved.1") == 8 and len(sizes) > 2
    assert max(sizes) < 2_000_000
