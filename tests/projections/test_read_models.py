"""The read models on the real store: rebuilt equals live, whatever the pipe does; erasure; corrections; poison."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.database_transactions import Pool, one_statement
from adapters.eventstore.store import PostgresEventStore, open_event_store
from application.clock import new_id, rfc3339
from application.ports.facts.event_store import Recorded
from application.ports.sessions.session_items import ItemSpace
from domain.session import events as e
from projections import positions
from projections.audit import Audit, leaf_bytes, leaf_hash
from projections.cost_query import CostFilter
from projections.cost_reads import CostReads, Series
from projections.costs import TABLES, Costs
from projections.places import PostgresPlaces
from projections.read_model import ReadModel
from projections.runner import Follower
from projections.session_reads import SessionReads
from projections.session_view import SessionView
from projections.transactions import reading, rows, writing
from tests.databases import logins_of
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.plain_key_authority import PlainKeyAuthority
from tests.projections.histories import ADA, SONNET, START, Writer, corrected, session, turn, used

pytestmark = pytest.mark.real


def models(store: PostgresEventStore, worker: Pool, items: InMemorySessionItems) -> list[ReadModel]:
    return [
        SessionView(store, worker, items, store.vault, users_on(store.vault, store)),
        Costs(store, worker, users_on(store.vault, store)),
        Audit(store, worker),
    ]


async def begin(store: PostgresEventStore, worker: Pool, model: ReadModel, *, live: bool = False) -> Follower:
    async with writing(worker) as connection:
        generation = await positions.add_generation(connection, model.name, model.layout, 1)
        await model.create(connection, generation)
        if live:
            await positions.make_live(connection, model.name, generation)
            await model.publish(connection, generation)
    return Follower(store, PostgresPlaces(worker), model, generation, 0, 0)


async def history(store: PostgresEventStore, tenants: list[str], seed: int, sessions: int = 12) -> Writer:
    draw, writer = random.Random(seed), Writer(store)
    histories = {f"{draw.choice(tenants)}/session/{new_id()}": session(draw) for _ in range(sessions)}
    histories |= {f"{draw.choice(tenants)}/search/{new_id()}": [used(new_id())] for _ in range(3)}
    await writer.interleave(draw, histories)
    for stream in list(histories)[:2]:
        await writer.erase(stream)
        await writer.append(stream, [used(new_id())])  # the provider's log is read after the erasure
    return writer


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_rebuilt_from_the_log_equals_what_was_fed_with_faults(
    store: PostgresEventStore, worker: Pool, seed: int
) -> None:
    tenants = [new_id(), new_id()]
    for name in tenants:
        await store.vault.create_tenant_key(name)
    draw = random.Random(seed)
    for model in models(store, worker, InMemorySessionItems()):
        fed = await begin(store, worker, model)
        await history(store, tenants, seed)
        log = await whole_log(store)
        while fed.position < log[-1].position:
            await fed.take(faulty(draw, log))
        rebuilt = await begin(store, worker, model)
        await rebuilt.catch_up(log[-1].position)
        assert await model.fingerprint(fed.generation) == await model.fingerprint(rebuilt.generation)
        assert not (await model.fingerprint(fed.generation)).startswith("0:")


async def whole_log(store: PostgresEventStore) -> list[Recorded]:
    log: list[Recorded] = []
    while more := await store.read_log(0, after=log[-1].position if log else 0, limit=1_000):
        log += more
    return log


def faulty(draw: random.Random, log: list[Recorded]) -> list[Recorded]:
    """A stretch of the log as a bad pipe would deliver it: with losses, repetitions and out of order."""
    start = draw.randrange(len(log))
    stretch = [fact for fact in log[start : start + draw.randrange(1, 80)] if draw.random() > 0.05]
    stretch += draw.sample(stretch, len(stretch) // 10)
    draw.shuffle(stretch)
    return stretch


async def summary(pool: Pool, tenant: str, sql: str) -> list[dict[str, Any]]:
    async with reading(pool, tenant) as connection:
        return await rows(connection, sql)


async def caught_up(store: PostgresEventStore, worker: Pool, model: ReadModel) -> Follower:
    follower = await begin(store, worker, model, live=True)
    await follower.catch_up(await store.head(0))
    return follower


async def test_a_correction_replaces_the_estimate_of_the_same_call(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    call, stream, writer = new_id(), f"{tenant}/session/{new_id()}", Writer(store)
    await writer.append(stream, [e.SessionOpened(user=ADA, assistant="default")])
    await writer.append(stream, [used(call, tokens=900, estimated=True)])
    await writer.append(stream, [used(call, tokens=300)])
    await writer.append(stream, [used(call, tokens=999, estimated=True)])
    await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    (line,) = await summary(pool, tenant, "SELECT * FROM projections.cost_lines")
    assert (line["input_tokens"], line["estimated"], line["family"]) == (300, False, "sonnet")
    assert line["cost_usd"] == used(call, tokens=300).cost_usd  # type: ignore[attr-defined]


async def test_a_correction_by_the_providers_log_changes_the_calls_line_in_every_sum(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    id, stream, writer = new_id(), f"{tenant}/session/{new_id()}", Writer(store)
    guess = used(new_id(), id, tokens=900, estimated=True)
    settled = used(new_id(), id, tokens=40)
    started = e.TurnStarted(turn_id=id, client_id="c", text="?")
    await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a"), started, guess, settled])
    settled_at = writer.at
    correction = corrected(guess, tokens=300)
    await writer.append(stream, [correction])
    await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    costs, wanted = CostReads(pool, store), CostFilter(since=START, until=writer.at + timedelta(days=1))
    line, _ = await costs.lines(tenant, wanted, 0, 10)
    assert (line["input_tokens"], line["output_tokens"], line["cache_read_tokens"]) == (300, 100, 0)
    assert (line["estimated"], line["corrected"], line["at"]) == (False, True, settled_at)
    total = correction.cost_usd + settled.cost_usd  # type: ignore[attr-defined]
    assert (line["correction_reason"], line["corrected_at"]) == ("estimate", writer.at)
    assert (line["replaced_input_tokens"], line["replaced_usd"]) == (900, guess.cost_usd)  # type: ignore[attr-defined]
    whole = await costs.summary(tenant, wanted)
    series, _, _ = await costs.series(tenant, Series(wanted=wanted, group="step", interval="hour"))
    assert whole["total_usd"] == sum(point["cost_usd"] for point in series) == total
    assert whole["models"][0]["estimated_calls"] == 0
    _, _, reads = await view_of(store, pool, worker, InMemorySessionItems())
    ((turn_row,), _) = await reads.turns(tenant, stream.split("/")[2], after=None, limit=5)
    assert turn_row["cost_usd"] == format(total, "f")
    assert turn_row["usage"]["input_tokens"] == 340
    shown = await reads.session(tenant, stream.split("/")[2])
    assert shown
    assert shown["updated_at"] == rfc3339(settled_at)


async def test_costs_need_no_private_body(store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str) -> None:
    stream, writer, draw = f"{tenant}/session/{new_id()}", Writer(store), random.Random(1)
    facts = [e.SessionOpened(user=ADA, assistant="default"), *turn(draw), *turn(draw, 2)]
    await writer.append(stream, facts)
    await writer.erase(stream)
    await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    marks = await summary(pool, tenant, "SELECT kind FROM projections.cost_marks")
    assert [mark["kind"] for mark in marks].count("turn") == 2


async def test_one_tenant_cannot_see_anothers_rows(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    await history(store, [tenant], 5)
    for model in (Costs(store, worker, users_on(store.vault, store)), Audit(store, worker)):
        await caught_up(store, worker, model)
    for view in (*TABLES, "audit_events", "audit_trees"):
        assert await summary(pool, tenant, f"SELECT 1 FROM projections.{view} LIMIT 1")
        assert not await summary(pool, new_id(), f"SELECT 1 FROM projections.{view} LIMIT 1")
        async with one_statement(pool) as connection:
            cursor = await connection.execute(f"SELECT count(*) FROM projections.{view}")  # no tenant at all
            assert await cursor.fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"DELETE FROM projections.{view}")


async def test_leaves_are_numbered_by_tenant_and_survive_erasure(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    writer = await history(store, [tenant], 9)
    follower = await caught_up(store, worker, Audit(store, worker))
    found = await summary(pool, tenant, "SELECT * FROM projections.audit_events ORDER BY position")
    own = [fact for fact in await whole_log(store) if fact.stream.startswith(tenant)]
    assert [row["leaf_index"] for row in found] == list(range(len(own)))
    assert [bytes(row["leaf_hash"]) for row in found] == [leaf_hash(leaf_bytes(fact)) for fact in own]
    await store.shred(next(iter(writer.versions)))
    assert [leaf_bytes(fact) for fact in await whole_log(store) if fact.stream.startswith(tenant)] == [
        bytes(row["leaf"]) for row in found
    ]
    assert follower.position == await store.head(0)


async def view_of(
    store: PostgresEventStore, pool: Pool, worker: Pool, items: InMemorySessionItems
) -> tuple[SessionView, Follower, SessionReads]:
    view = SessionView(store, worker, items, store.vault, users_on(store.vault, store))
    follower = await begin(store, worker, view, live=True)
    await follower.catch_up(await store.head(0))
    return view, follower, SessionReads(store, items, store.vault, pool)


async def test_the_view_says_what_the_events_say(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    writer, draw = Writer(store), random.Random(4)
    streams = {f"{tenant}/session/{new_id()}": session(draw) for _ in range(5)}
    await writer.interleave(draw, streams)
    _, _, reads = await view_of(store, pool, worker, InMemorySessionItems())
    for stream in streams:
        id = stream.split("/")[2]
        shown = await reads.session(tenant, id)
        assert shown == await reads.session(tenant, id, consistent=True)
        assert shown and shown["version"] == writer.versions[stream]
        turns = await reads.turns(tenant, id, after=None, limit=10)
        assert turns == await reads.turns(tenant, id, after=None, limit=10, consistent=True)
        assert len(turns[0]) == shown["turns"]


async def test_a_turns_cost_holds_the_calls_after_its_answer(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    id, stream, writer = new_id(), f"{tenant}/session/{new_id()}", Writer(store)
    started = e.TurnStarted(turn_id=id, client_id="c", text="?")
    ended = e.TurnCompleted(turn_id=id, text="!", model=SONNET, cost_usd=Decimal("0.5"))
    calls = [used(new_id(), id, tokens=100), used(new_id(), id, tokens=40)]
    await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a"), started, calls[0], ended, calls[1]])
    _, _, reads = await view_of(store, pool, worker, InMemorySessionItems())
    ((shown,), _) = await reads.turns(tenant, stream.split("/")[2], after=None, limit=10)
    assert shown["usage"]["input_tokens"] == 140
    assert Decimal(shown["cost_usd"]) == sum(call.cost_usd for call in calls)  # type: ignore[attr-defined]


async def test_an_erased_session_leaves_a_bare_marker(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    stream, writer, items = f"{tenant}/session/{new_id()}", Writer(store), InMemorySessionItems()
    await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a"), *turn(random.Random(1))])
    _, follower, reads = await view_of(store, pool, worker, items)
    id = stream.split("/")[2]
    assert await reads.session(tenant, id)
    await store.shred(stream)
    assert await reads.session(tenant, id) is None  # at once, before the view has heard of it
    await writer.append(stream, [e.SessionErased()])
    await follower.catch_up(await store.head(0))
    own = {key[3]: item for key, item in items.items.items() if key[2] == id}
    assert own == {"": {"erased": True, "version": writer.versions[stream]}}
    assert await reads.session(tenant, id, consistent=True) is None
    assert await reads.page(tenant, ADA, before=None, limit=10) == ([], None)


async def test_poison_parks_only_its_session_and_a_later_start_takes_it_up(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    writer, items = Writer(store), PickyItems()
    good, bad = (f"{tenant}/session/{new_id()}" for _ in range(2))
    for stream in (good, bad):
        await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a")])
    items.refused = bad.split("/")[2]
    await writer.append(bad, [e.SessionRenamed(title="x")])
    await writer.append(good, [e.SessionRenamed(title="good")])
    view, follower, reads = await view_of(store, pool, worker, items)
    await writer.append(bad, [e.SessionRenamed(title="bad")])
    await writer.append(good, [e.SessionRenamed(title="better")])
    await follower.catch_up(await store.head(0))
    assert (await reads.session(tenant, good.split("/")[2]) or {})["title"] == "better"
    async with writing(worker) as connection:
        parked = await rows(
            connection, "SELECT stream FROM projections.parked_events WHERE generation = %s", (follower.generation,)
        )
    assert [row["stream"] for row in parked] == [bad]
    items.refused = ""
    await view.resume(follower.generation, 0)
    assert (await reads.session(tenant, bad.split("/")[2]) or {})["title"] == "bad"
    async with writing(worker) as connection:
        assert not await rows(
            connection, "SELECT 1 FROM projections.parked_events WHERE generation = %s", (follower.generation,)
        )


async def test_a_key_that_cannot_be_used_parks_only_its_session(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str, database: str
) -> None:
    writer, items = Writer(store), InMemorySessionItems()
    good, bad = (f"{tenant}/session/{new_id()}" for _ in range(2))
    for stream in (good, bad):
        await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a"), e.SessionRenamed(title="kept")])
    spoil = "UPDATE stream_keys SET wrapped = wrapped || '!'::bytea WHERE stream = %s"
    mend = "UPDATE stream_keys SET wrapped = substr(wrapped, 1, length(wrapped) - 1) WHERE stream = %s"
    async with open_event_store(
        logins_of(database), pool, PlainKeyAuthority(), lanes=1, owner="projector", lease_s=30, worker=worker
    ) as projector:
        await asyncio.wait_for(projector.lanes.listeners[0].listening.wait(), 10)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(spoil, (bad,))
        view, follower, reads = await view_of(projector, pool, worker, items)
        assert (await reads.session(tenant, good.split("/")[2]) or {})["title"] == "kept"
        shown = await items.fetch(ItemSpace(tenant, follower.generation), bad.split("/")[2])
        assert shown is not None and "title" not in shown
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(mend, (bad,))
        await view.resume(follower.generation, 0)
        assert (await reads.session(tenant, bad.split("/")[2]) or {})["title"] == "kept"


class PickyItems(InMemorySessionItems):
    """Refuses one session for good, as a real table refuses an item that is too large."""

    refused = ""

    async def apply(self, space: Any, change: Any) -> None:
        if change.session_id == self.refused:
            raise ValueError("Item size has exceeded the maximum allowed size")
        await super().apply(space, change)


async def test_a_topic_of_a_newer_program_is_audited_and_passed_over_elsewhere(
    store: PostgresEventStore, worker: Pool, tenant: str
) -> None:
    stream, writer = f"{tenant}/session/{new_id()}", Writer(store)
    await writer.append(stream, [e.SessionOpened(user=ADA, assistant="a")])
    log = await whole_log(store)
    strange = msgspec.structs.replace(
        log[-1], position=log[-1].position + 1, previous=log[-1].position, version=2, topic="session.frozen.1"
    )
    for model in models(store, worker, InMemorySessionItems()):
        follower = await begin(store, worker, model)
        await follower.catch_up(log[-1].position)
        await follower.take([strange])
        assert follower.position == strange.position
