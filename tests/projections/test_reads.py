"""The routes that read the read models, over HTTP, on the real store and database."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.eventstore.store import PostgresEventStore
from adapters.postgres.pool import Pool
from api.http.turn_answers import history
from api.services import Services
from application.answer_cache.answer_cache import AnswerCache
from application.clock import new_id
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.live_session import LiveSessions
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.users import Users
from domain.event import Event, StreamId
from domain.session import events as e
from projections.audit import Audit
from projections.audit_reads import AuditReads
from projections.cost_reads import CostReads
from projections.costs import Costs
from projections.read_model import ReadModel
from projections.runner import Follower
from projections.session_reads import SessionReads
from projections.session_view import SessionView
from tests.api.harness import asgi, bearer, make_services
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.small_ports import NoTail
from tests.projections.histories import HAIKU, Writer, turn, used
from tests.projections.test_read_models import begin

pytestmark = pytest.mark.real
NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


@dataclass
class House:
    """A server's app over the real store, one tenant in it, and read models that are fed on demand."""

    services: Services
    tenant: str
    writer: Writer
    followers: list[Follower]
    client: httpx.AsyncClient

    async def feed(self) -> None:
        for follower in self.followers:
            await follower.catch_up(await self.services.store.head(0))

    async def get(self, path: str, *roles: str, tenant: str = "", **query: Any) -> httpx.Response:
        headers = bearer(self.services, roles or ["member"], tenant or self.tenant)
        if accept := query.pop("accept", ""):
            headers["Accept"] = accept
        return await self.client.get(path, headers=headers, params=query)

    async def session(self, user: str = "ada", turns: int = 1) -> str:
        id, draw = new_id(), random.Random(turns)
        facts = [e.SessionOpened(user=user, assistant="default")]
        await self.writer.append(self.stream(id), [*facts, *(f for n in range(turns) for f in turn(draw, n))], user)
        return id

    def stream(self, id: str) -> str:
        return f"{self.tenant}/session/{id}"


@pytest.fixture
async def house(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str, tmp_path: Path
) -> AsyncIterator[House]:
    items = InMemorySessionItems()
    models: list[ReadModel] = [
        SessionView(store, worker, items, store.vault, users_on(store.vault, store)),
        Costs(store, worker, users_on(store.vault, store)),
        Audit(store, worker),
    ]
    followers = [await begin(store, worker, model, live=True) for model in models]
    reads, sessions = SessionReads(store, items, store.vault, pool), LiveSessions(store, NoTail())
    services = make_services(
        tmp_path,
        store=store,
        users=users_on(store.vault, store),
        pool=pool,
        session_reads=reads,
        costs=CostReads(pool, store),
        audit=AuditReads(pool, store),
        note_audit_read=NoteAuditReadHandler(store),
        sessions=sessions,
        erase_session=EraseSessionHandler(
            store,
            sessions,
            NoTail(),
            AnswerCache(InMemoryExactCache(), InMemorySemanticCache(), InMemorySealer()),
            reads.erase,
        ),
    )
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        found = House(services, tenant, Writer(store), followers, client)
        await found.feed()
        yield found


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
    live = await house.services.sessions.get(StreamId.parse(house.stream(id)))
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
    assert sum(Decimal(model["cost_usd"]) for model in summary["models"]) == total
    assert summary["turns"] == 15
    assert summary["cache"]["exact_hits"] + summary["cache"]["semantic_hits"] + summary["cache"]["misses"] == 15
    assert {model["family"] for model in summary["models"]} <= {"sonnet", "haiku", "titan-embed"}
    for group in ("model", "step", "user", "session"):
        for interval in ("hour", "day"):
            asked = NOVEMBER | {"group_by": group, "interval": interval}
            points = (await house.get("/v1/costs/series", "analyst", **asked)).json()["series"]
            assert sum(Decimal(point["cost_usd"]) for point in points) == total
    lines: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await house.get("/v1/costs/lines", "analyst", limit=4, **NOVEMBER, **cursor)).json()
        lines += page["lines"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sum(Decimal(line["cost_usd"]) for line in lines) == total
    assert len({line["call_id"] for line in lines}) == len(lines) == summary["calls"]
    assert summary["lag_events"] == 0
    other = (await house.get("/v1/costs/summary", "analyst", tenant=new_id(), **NOVEMBER)).json()
    assert (other["total_usd"], other["calls"], other["models"]) == ("0", 0, [])


async def test_csv_disarms_formulas(house: House) -> None:
    evil = await house.services.users.known(house.tenant, "=HYPERLINK(1)")
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
    users, stream = house.services.users, f"{house.tenant}/search/{new_id()}"
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
    vault = house.services.store.vault  # type: ignore[attr-defined] # the real one has it
    other = Users(vault, users.rows, house.services.store)
    assert await other.known(house.tenant, "Ada König 王") == ada
    await other.close()
    assert (await shown())[0] == {ada}, "who comes back stays without a name"


async def test_reading_by_actor_is_noted_without_the_name(house: House) -> None:
    await house.get("/v1/audit/events", "auditor", actor="Ada König 王")
    await house.feed()
    (read,) = (await house.get("/v1/audit/events", "auditor", kind="audit.read.1")).json()["events"][:1]
    whose = await house.services.users.pseudonym(house.tenant, "Ada König 王")
    assert read["data"]["filters"] == {"actor": whose}
    assert read["actor"] == "ada" and read["data"]["user"] == await house.services.users.pseudonym(house.tenant, "ada")


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
        ("/v1/audit/events", "auditor", {"after": -1}, "invalid_range"),
        ("/v1/audit/events", "auditor", {"cursor": "cDE.cDI.x"}, "invalid_cursor"),
        ("/v1/audit/events", "auditor", {"cursor": "cDE"}, "invalid_cursor"),
        ("/v1/audit/events", "auditor", {"session": "a\x00b"}, "invalid_character"),
        ("/v1/audit/events", "auditor", {"actor": "a\x00b"}, "invalid_character"),
        ("/v1/audit/events", "auditor", {"limit": 5000}, "invalid_range"),
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
