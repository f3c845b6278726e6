"""The event store on PostgreSQL: order, conflicts, lost acknowledgements, keys."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.lanes import lane_of
from adapters.eventstore.store import PostgresEventStore, open_event_store
from application.clock import new_id, now
from application.execute import SESSION, Context, LoadedAggregate
from domain.event import Envelope, Event
from domain.refusals import Conflict
from domain.session import events as e
from tests.adapters.eventstore.losing_proxy import LosingProxy
from tests.databases import logins_of
from tests.fakes.plain_key_authority import PlainKeyAuthority

pytestmark = pytest.mark.real
ME = Context("me", "why")


def session(store: PostgresEventStore, tenant: str) -> LoadedAggregate[Any]:
    return LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)


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
    other = LoadedAggregate(store, one.stream, SESSION)
    await other.catch_up()
    await one.append([started()], ME)
    with pytest.raises(Conflict):
        await other.append([started("u")], ME)


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
    database: str, pool: Pool, tenant: str
) -> None:
    """The connection is cut after the commit, before the client hears of it."""
    async with (
        LosingProxy(database).running() as proxy,
        open_event_store(
            logins_of(database, proxy.url), pool, PlainKeyAuthority(), lanes=1, owner="proxied", lease_s=30
        ) as store,
    ):
        held = [session(store, tenant) for _ in range(5)]
        await asyncio.gather(*(h.append([opened()], ME) for h in held))
        proxy.lose_next()
        await asyncio.gather(*(h.append([started(), e.CacheMissed(turn_id="t")], ME) for h in held))
        assert proxy.lost
        assert [len(await store.load(h.stream)) for h in held] == [3] * 5


async def test_after_the_connections_broke_reading_and_writing_go_on(
    store: PostgresEventStore, tenant: str, database: str
) -> None:
    held = session(store, tenant)
    await held.append([opened()], ME)
    await asyncio.gather(*(store.load(held.stream) for _ in range(8)))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'colloquy-events'"
        )
    assert len(await store.load(held.stream)) == 1
    await held.append([started()], ME)
    assert len(await store.load(held.stream)) == 2


async def test_a_caller_that_is_cancelled_does_not_undo_its_append(store: PostgresEventStore, tenant: str) -> None:
    held = session(store, tenant)
    await held.append([opened()], ME)
    task = asyncio.create_task(store.append(envelopes(held.stream, 2, [started()])))
    await asyncio.sleep(0)  # it has begun to wait
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await session(store, tenant).append([opened()], ME)  # the queue is in order, so the cancelled one is through
    assert [type(envelope.event) for envelope in await store.load(held.stream)] == [e.SessionOpened, e.TurnStarted]


async def test_a_tailing_reader_misses_nothing_under_many_writers(
    store: PostgresEventStore, other_store: PostgresEventStore, tenant: str
) -> None:
    await other_store.vault.tenants.open(tenant)
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


def test_a_tenant_keeps_its_lane() -> None:
    assert lane_of("a", 4) == zlib.crc32(b"a") % 4
