"""Leases keep their promises, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import psycopg
import pytest

from adapters.eventstore.leases import PostgresLeases
from adapters.eventstore.store import open_event_store
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from application.ports.facts.leases import Leases
from domain.event import Event
from domain.refusals import Conflict
from domain.session import events as e
from domain.session.state import Session
from tests.databases import logins_of
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_leases import InMemoryLeases
from tests.fakes.plain_key_authority import PlainKeyAuthority

ME = Context("me")
TENANT = new_id()
OPENED = e.SessionOpened(user="me", assistant="default")
MISSED = e.CacheMissed(turn_id="t")
ENDS = [
    e.TurnCompleted(turn_id="t", text="done"),
    e.TurnCancelled(turn_id="t"),
    e.TurnFailed(turn_id="t", code="internal", message="", retryable=True),
]


@dataclass
class TwoProcesses:
    """Two processes on one database; `expire` lets a lease run out."""

    here: EventStore
    there: EventStore
    ours: Leases
    theirs: Leases
    expire: Callable[[str], None]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)], scope="module")
async def two(request: pytest.FixtureRequest) -> AsyncIterator[TwoProcesses]:
    if request.param == "memory":
        here = InMemoryEventStore()
        there = InMemoryEventStore(owner="there", beside=here)
        yield TwoProcesses(here, there, InMemoryLeases(here), InMemoryLeases(there), here.expired.add)
        return
    url: str = request.getfixturevalue("database")
    logins = logins_of(url)

    def expire(stream: str) -> None:
        with psycopg.connect(url) as owner:
            owner.execute("UPDATE running_turns SET expires_at = now() - interval '1 s' WHERE stream = %s", (stream,))

    async with (
        open_pool(logins.app) as pool,
        open_pool(logins.writer) as writer,
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="here", lease_s=30) as here_,
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="there", lease_s=30) as there_,
    ):
        await here_.vault.create_tenant_key(TENANT)
        leases = PostgresLeases(writer, "here", 30), PostgresLeases(writer, "there", 30)
        yield TwoProcesses(here_, there_, *leases, expire)


async def running(store: EventStore) -> LoadedAggregate[Session]:
    """A session whose turn runs in the store's process."""
    held = LoadedAggregate(store, f"{TENANT}/session/{new_id()}", SESSION)
    await held.append([OPENED, started()], ME)
    return held


def started(turn: str = "t") -> Event:
    return e.TurnStarted(turn_id=turn, client_id=turn, text="?")


async def test_a_lease_that_holds_is_left_alone(two: TwoProcesses) -> None:
    held = await running(two.here)
    assert held.stream not in await two.theirs.claim_expired(1000)


async def test_one_that_ran_out_is_taken_over_once(two: TwoProcesses) -> None:
    streams = {(await running(two.here)).stream for _ in range(20)}
    for stream in streams:
        two.expire(stream)
    claims = await asyncio.gather(*(leases.claim_expired(4) for leases in (two.ours, two.theirs) * 4))
    claimed = [stream for claim in claims for stream in claim]
    assert (sorted(claimed), max(len(claim) for claim in claims)) == (sorted(streams), 4)


async def test_whoever_was_taken_over_is_fenced_off(two: TwoProcesses) -> None:
    silent = await running(two.here)
    two.expire(silent.stream)
    assert await two.theirs.claim_expired(1000) == [silent.stream]
    heir = LoadedAggregate(two.there, silent.stream, SESSION)
    await heir.catch_up()
    await heir.append([e.TurnResumed(turn_id="t", by="there")], ME)
    with pytest.raises(Conflict):
        await silent.append([e.TurnCompleted(turn_id="t", text="too late")], ME)
    two.expire(silent.stream)
    await two.ours.renew([silent.stream])
    assert await two.ours.claim_expired(1000) == [silent.stream], "only its owner can renew a lease"


async def test_a_lease_that_is_renewed_holds_and_others_run_out(two: TwoProcesses) -> None:
    kept, left = await running(two.here), await running(two.here)
    for held in (kept, left):
        two.expire(held.stream)
    await two.ours.renew([])
    await two.ours.renew([kept.stream])
    assert await two.theirs.claim_expired(1000) == [left.stream]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).TOPIC)
async def test_the_end_of_a_turn_is_the_end_of_its_lease(two: TwoProcesses, end: Event) -> None:
    held = await running(two.here)
    await held.append([MISSED, end], ME)
    two.expire(held.stream)
    assert held.stream not in await two.theirs.claim_expired(1000)


async def test_what_follows_a_turn_keeps_its_lease(two: TwoProcesses) -> None:
    held, done = await running(two.here), await running(two.here)
    for one in (held, done):
        await one.append([ENDS[0], e.FollowUpDue(turn_id="t")], ME)
    await done.append([e.FollowedUp(turn_id="t")], ME)
    for one in (held, done):
        two.expire(one.stream)
    assert await two.theirs.claim_expired(1000) == [held.stream]


async def test_the_last_word_of_an_append_counts(two: TwoProcesses) -> None:
    goes_on, is_over = await running(two.here), LoadedAggregate(two.here, f"{TENANT}/session/{new_id()}", SESSION)
    await goes_on.append([ENDS[0], started("next")], ME)
    await is_over.append([OPENED, started(), ENDS[0]], ME)
    for held in (goes_on, is_over):
        two.expire(held.stream)
    assert await two.theirs.claim_expired(1000) == [goes_on.stream]
