"""The event store on PostgreSQL: order, conflicts, lost acknowledgements, keys."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from eventsourcing.persistence import OperationalError

from adapters.eventstore.leases import PostgresLeases
from adapters.eventstore.store import PostgresEventStore, lane_of
from adapters.postgres.pool import Pool
from application.clock import new_id, now
from application.execute import SESSION, Context, Held
from domain.event import Envelope, Event, Shredded
from domain.model_calls import TokensUsed
from domain.refusals import Conflict
from domain.session import events as e
from domain.session.state import SessionSnapshot

pytestmark = pytest.mark.real
ME = Context("me", "why")


def session(store: PostgresEventStore, tenant: str) -> Held[Any]:
    return Held(store, f"{tenant}/session/{new_id()}", SESSION)


def opened() -> Event:
    return e.SessionOpened(user="me", assistant="default")


def started(turn: str = "t") -> Event:
    return e.TurnStarted(turn_id=turn, client_id=turn, text="what I asked")


def envelopes(stream: str, first: int, events: Sequence[Event]) -> list[Envelope]:
    return [Envelope(stream=stream, version=first + n, at=now(), event=event) for n, event in enumerate(events)]


async def test_what_was_stored_is_loaded_and_private_bodies_are_sealed(
    store: PostgresEventStore, tenant: str, database: str
) -> None:
    held = session(store, tenant)
    await held.append([opened(), started()], ME)
    loaded = await store.load(held.stream)
    assert [type(envelope.event) for envelope in loaded] == [e.SessionOpened, e.TurnStarted]
    assert (loaded[1].actor, loaded[1].correlation_id) == ("me", "why")
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT state FROM events_0 WHERE originator_id = %s", (held.stream,)).fetchall()
    assert all(b"what I asked" not in row[0] for row in rows)


async def test_two_writers_of_one_stream_conflict(store: PostgresEventStore, tenant: str) -> None:
    one = session(store, tenant)
    await one.append([opened()], ME)
    other = Held(store, one.stream, SESSION)
    await other.catch_up()
    await one.append([started()], ME)
    with pytest.raises(Conflict):
        await other.append([started("u")], ME)


@pytest.mark.parametrize("first", [0, 2, 5])
async def test_a_gap_or_a_repeat_is_refused(store: PostgresEventStore, tenant: str, first: int) -> None:
    with pytest.raises(Conflict):
        await store.append(envelopes(f"{tenant}/session/{new_id()}", first, [opened()]))


async def test_in_a_shared_transaction_only_the_guilty_append_fails(store: PostgresEventStore, tenant: str) -> None:
    held = [session(store, tenant) for _ in range(20)]
    results = await asyncio.gather(
        *(h.append([opened(), started()], ME) for h in held),
        store.append(envelopes(f"{tenant}/session/{new_id()}", 7, [opened()])),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [type(None)] * 20 + [Conflict]
    assert all([len(await store.load(h.stream)) == 2 for h in held])


async def test_an_acknowledgement_that_was_lost_stores_once_and_succeeds(
    store: PostgresEventStore, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = store._recorders[0]
    insert, lost = recorder.insert_events, []

    def insert_then_lose(events: Any, **kwargs: Any) -> Any:
        ids = insert(events, **kwargs)
        if not lost:
            lost.append(1)
            raise OperationalError("the connection broke after the commit")
        return ids

    monkeypatch.setattr(recorder, "insert_events", insert_then_lose)
    held = session(store, tenant)
    await held.append([opened(), started()], ME)
    assert len(await store.load(held.stream)) == 2


async def test_a_caller_that_is_cancelled_does_not_undo_its_append(store: PostgresEventStore, tenant: str) -> None:
    stream = f"{tenant}/session/{new_id()}"
    task = asyncio.create_task(store.append(envelopes(stream, 1, [opened()])))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    following = Held(store, f"{tenant}/session/{new_id()}", SESSION)
    await following.append([opened()], ME)  # the queue is in order, so the cancelled one is through
    assert len(await store.load(stream)) in (0, 1)


async def test_a_tailing_reader_misses_nothing_under_many_writers(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    await other_store.vault.open_tenant(tenant)
    seen: list[tuple[int, int]] = []
    start = await store.head(0)
    done = asyncio.Event()

    async def tail() -> None:
        position = start
        while True:
            finished = done.is_set()
            rows = await store.read_log(0, after=position, limit=50)
            seen.extend((row.position, row.previous) for row in rows)
            position = rows[-1].position if rows else position
            if finished and not rows:
                return
            await store.wait_for_news(0, 0.01)

    async def write(into: PostgresEventStore) -> None:
        held = session(into, tenant)
        await held.append([opened()], ME)
        for turn in range(10):
            await held.append([e.CacheMissed(turn_id=str(turn))] * 3, ME)

    reader = asyncio.create_task(tail())
    await asyncio.gather(*(write(s) for s in (store, other_store) for _ in range(16)))
    done.set()
    await asyncio.wait_for(reader, 30)
    positions = [position for position, _ in seen]
    assert len(positions) == 32 * 31
    assert positions == sorted(set(positions))
    assert [previous for _, previous in seen] == [start, *positions[:-1]]


async def test_a_shredded_stream_still_bills_and_says_who_and_when(store: PostgresEventStore, tenant: str) -> None:
    held = session(store, tenant)
    used = TokensUsed(call_id="c", step="answer", model="m", user="me", cost_usd=Decimal("0.01"))
    await held.append([opened(), started(), used], ME)
    await store.shred(held.stream)
    loaded = await store.load(held.stream)
    assert loaded[1].event == Shredded(topic="turn.started.1")
    assert loaded[1].actor == "me"
    assert loaded[2].event == used


async def test_another_process_forgets_a_shredded_key(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    held = session(store, tenant)
    await held.append([opened(), started()], ME)
    await asyncio.wait_for(other_store._listener.listening.wait(), 10)
    assert isinstance((await other_store.load(held.stream))[1].event, e.TurnStarted)
    await store.shred(held.stream)
    async with asyncio.timeout(10):
        while other_store.vault.keyring.get(held.stream) is not None:  # noqa: ASYNC110  # another process has no event
            await asyncio.sleep(0.01)


async def test_ciphertext_that_was_moved_is_refused(store: PostgresEventStore, tenant: str, database: str) -> None:
    held = session(store, tenant)
    await held.append(
        [opened(), started("a"), e.TurnFailed(turn_id="a", code="internal", message="", retryable=True)], ME
    )
    await held.append([started("b")], ME)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE events_0 SET state = (SELECT state FROM events_0 WHERE originator_id = %(s)s AND"
            " originator_version = 2) WHERE originator_id = %(s)s AND originator_version = 4",
            {"s": held.stream},
        )
    with pytest.raises(InvalidTag):
        await store.load(held.stream)


async def test_a_snapshot_stands_for_the_facts_before_it(store: PostgresEventStore, tenant: str) -> None:
    import msgspec

    held = session(store, tenant)
    await held.append([opened(), started()], ME)
    state = msgspec.Raw(msgspec.msgpack.encode(held.state))
    for _ in range(2):  # a second one is no error
        await store.snapshot(Envelope(stream=held.stream, version=2, at=now(), event=SessionSnapshot(state=state)))
    await held.append([e.TurnCancelled(turn_id="t", text="half")], ME)
    again = Held(store, held.stream, SESSION)
    await again.catch_up()
    assert (again.version, again.state) == (3, held.state)
    await store.shred(held.stream)
    assert len(await store.load(held.stream)) == 3


async def test_a_turns_lease_comes_with_its_fact_and_goes_with_its_end(
    store: PostgresEventStore, tenant: str, pool: Pool
) -> None:
    held = session(store, tenant)
    await held.append([opened(), started()], ME)
    leases, rival = PostgresLeases(pool, "here", 30), PostgresLeases(pool, "there", 30)
    assert held.stream not in await rival.claim_expired(100)
    await leases.release()
    assert held.stream in await rival.claim_expired(100)
    await leases.renew([held.stream])  # not ours any more: nothing happens
    assert held.stream not in await leases.claim_expired(100)
    await held.append([e.TurnFailed(turn_id="t", code="internal", message="", retryable=True)], ME)
    await rival.release()
    assert held.stream not in await leases.claim_expired(100)


def test_a_tenant_keeps_its_lane() -> None:
    assert lane_of("a", 4) == zlib.crc32(b"a") % 4
