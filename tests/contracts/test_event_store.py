"""The event store's promises, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.eventstore.store import open_event_store
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from application.ports.facts.event_store import LOG_BYTES, Recorded, WholeStore, is_full
from domain.event import Envelope, Event, Shredded, Unknown
from domain.model_calls import TokensUsed
from domain.refusals import Conflict, SessionNotFound
from domain.session import events as e
from domain.session.state import Session, SessionSnapshot, snapshot_of
from domain.tenant.events import TenantCreated
from tests.databases import logins_of, worker_of
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.plain_key_authority import PlainKeyAuthority

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TENANT = new_id()
OPENED = e.SessionOpened(user="me", assistant="default")
STARTED = e.TurnStarted(turn_id="t", client_id="c", text="what I asked")
USED = TokensUsed(call_id="c", step="answer", model="m", user="me")


class Pinned(Event, frozen=True, kw_only=True):
    """A fact of a newer program."""

    TOPIC = "session.pinned.9"
    by: str = "me"


class Whispered(Event, frozen=True, kw_only=True):
    """A private one."""

    TOPIC, PRIVATE = "session.whispered.9", True
    text: str = "what I asked"


class OpenedOtherwise(Event, frozen=True, kw_only=True):
    """A fact that is known here, with a value that it does not have here."""

    TOPIC = "session.opened.1"
    user: tuple[str, ...] = ("me", "you")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)], scope="module")
async def store(request: pytest.FixtureRequest) -> AsyncIterator[WholeStore]:
    if request.param == "memory":
        yield InMemoryEventStore()
        return
    url: str = request.getfixturevalue("database")
    logins = logins_of(url)
    async with (
        open_pool(logins.app) as pool,
        open_pool(worker_of(url)) as worker,
        open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="here", lease_s=30, worker=worker) as opened,
    ):
        await opened.vault.create_tenant_key(TENANT)
        yield opened


@pytest.fixture
def stream() -> str:
    return f"{TENANT}/session/{new_id()}"


def envelopes(stream: str, first: int, *events: Event) -> list[Envelope]:
    return [
        Envelope(
            stream=stream, version=n, at=AT, event=event, actor="me", correlation_id="turn", causation_id="command"
        )
        for n, event in enumerate(events, first)
    ]


def said(loaded: Sequence[Envelope]) -> list[tuple[int, Event]]:
    return [(envelope.version, envelope.event) for envelope in loaded]


async def test_facts_come_back_as_they_went_in(store: WholeStore, stream: str) -> None:
    assert await store.load(stream) == []
    written = envelopes(stream, 1, OPENED, STARTED)
    last = await store.append(written)
    loaded = await store.load(stream)
    assert [msgspec.structs.replace(envelope, position=0) for envelope in loaded] == written
    assert 0 < loaded[0].position < loaded[1].position == last


async def test_a_part_of_a_stream_can_be_loaded(store: WholeStore, stream: str) -> None:
    await store.append(envelopes(stream, 1, OPENED, STARTED, USED))
    assert said(await store.load(stream, after=1)) == [(2, STARTED), (3, USED)]
    assert said(await store.load(stream, upto=2)) == [(1, OPENED), (2, STARTED)]
    assert said(await store.load(stream, after=1, upto=2)) == [(2, STARTED)]


@pytest.mark.parametrize("first", [0, 1, 2, 4])
async def test_versions_follow_without_a_hole(store: WholeStore, stream: str, first: int) -> None:
    await store.append(envelopes(stream, 1, OPENED, STARTED))
    with pytest.raises(Conflict):
        await store.append(envelopes(stream, first, e.CacheMissed(turn_id="t")))
    with pytest.raises(Conflict):
        await store.append([*envelopes(stream, 3, USED), *envelopes(stream, 5, USED)])
    assert said(await store.load(stream)) == [(1, OPENED), (2, STARTED)]


async def test_a_newer_snapshot_stands_for_all_before_it(store: WholeStore, stream: str) -> None:
    await store.append(envelopes(stream, 1, OPENED, STARTED, USED))
    for version in (1, 2, 2):
        await store.snapshot(envelopes(stream, version, snapshot_of(Session(user="me")))[0])
    snapshot, *facts = await store.load(stream)
    assert (snapshot.version, type(snapshot.event), said(facts)) == (2, SessionSnapshot, [(3, USED)])
    assert len(await store.load(stream, upto=3)) == 3, "time travel reads facts only"


async def test_a_snapshot_of_another_shape_stands_for_nothing(store: WholeStore, stream: str) -> None:
    await store.append(envelopes(stream, 1, OPENED, STARTED, USED))
    await store.snapshot(envelopes(stream, 3, msgspec.structs.replace(snapshot_of(Session()), shape="newer"))[0])
    assert said(await store.load(stream)) == [(1, OPENED), (2, STARTED), (3, USED)]


async def test_what_a_newer_program_told_is_passed_over(store: WholeStore, stream: str) -> None:
    start = await store.head(0)
    await store.append(envelopes(stream, 1, OPENED, STARTED, Pinned(), Whispered(), OpenedOtherwise()))
    await store.append(envelopes(stream, 6, USED))
    pinned, whispered, otherwise = (Unknown(topic=told.TOPIC) for told in (Pinned, Whispered, OpenedOtherwise))
    loaded = await store.load(stream)
    assert [event for _, event in said(loaded)] == [OPENED, STARTED, pinned, whispered, otherwise, USED]
    assert {envelope.actor for envelope in loaded} == {"me"}
    await store.unlock([stream])
    opened = [store.open(recorded).event for recorded in await store.read_log(0, after=start, limit=4)]
    assert opened == [OPENED, STARTED, pinned, whispered]
    held = LoadedAggregate(store, stream, SESSION)
    await held.catch_up()
    assert held.state.partly and held.state.user == "me" and held.state.running
    await held.append([USED], Context("me"))
    assert said(await store.load(stream, after=6)) == [(7, USED)]


async def test_the_log_is_read_in_order_and_each_fact_names_the_one_before(store: WholeStore, stream: str) -> None:
    start = await store.head(0)
    await store.append(envelopes(stream, 1, OPENED, STARTED))
    last = await store.append(envelopes(stream, 3, USED))
    assert await store.head(0) == last
    first = await store.read_log(0, after=start, limit=2)
    rest = await store.read_log(0, after=first[-1].position, limit=2)
    assert [(r.stream, r.version, r.topic) for r in (*first, *rest)] == [
        (stream, 1, "session.opened.1"),
        (stream, 2, "turn.started.1"),
        (stream, 3, "tokens.used.1"),
    ]
    assert [r.previous for r in (*first, *rest)] == [start, first[0].position, first[1].position]
    assert await store.read_log(0, after=last, limit=2) == []
    await store.unlock([stream])
    assert [store.open(r) for r in (*first, *rest)] == await store.load(stream)
    heading = store.heading(first[1])
    assert (heading.event, heading.at, heading.actor) == (Shredded(topic="turn.started.1"), AT, "me")


async def test_whoever_waits_hears_of_news(store: WholeStore, stream: str) -> None:
    await store.append(envelopes(stream, 1, OPENED))
    assert await store.wait_for_news(0, 10)


async def test_a_change_of_a_tenants_settings_is_told_and_nothing_else_is(store: WholeStore, stream: str) -> None:
    heard: list[str] = []
    told = asyncio.Event()

    def hear(tenant: str) -> None:
        if tenant:
            heard.append(tenant)
            told.set()

    store.on_tenant_change(hear)
    await store.append(envelopes(stream, 1, OPENED))
    await store.append(envelopes(f"{TENANT}/tenant/{TENANT}", 1, TenantCreated(name="ours")))
    await asyncio.wait_for(told.wait(), 10)
    assert heard == [TENANT]


async def test_after_shredding_it_is_known_that_it_happened_but_not_what_it_said(
    store: WholeStore, stream: str
) -> None:
    await store.append(envelopes(stream, 1, OPENED, STARTED, USED))
    await store.snapshot(envelopes(stream, 3, snapshot_of(Session()))[0])
    start = await store.head(0)
    await store.append(envelopes(stream, 4, STARTED))
    await store.shred(stream)
    await store.shred(stream)
    shredded = Shredded(topic="turn.started.1")
    loaded = await store.load(stream)
    assert said(loaded) == [(1, OPENED), (2, shredded), (3, USED), (4, shredded)]
    assert {envelope.actor for envelope in loaded} == {"me"}
    [recorded] = await store.read_log(0, after=start, limit=9)
    await store.unlock([stream])
    assert store.open(recorded) == loaded[3]


async def test_the_streams_of_a_tenant_are_known_by_kind_but_for_shredded_ones(store: WholeStore) -> None:
    kind = f"kind-{new_id()}"
    first, other, gone, private, later = (f"{TENANT}/{kind}/{new_id()}" for _ in range(5))
    for stream, event in ((first, OPENED), (other, OPENED), (gone, OPENED), (private, STARTED), (later, OPENED)):
        await store.append(envelopes(stream, 1, event))
    await store.append(envelopes(first, 2, USED, STARTED))
    await store.shred(gone)
    begun = [fact async for facts in store.begun(TENANT, kind) for fact in facts]
    seen = {fact.stream: fact.event for fact in begun}
    unread = Shredded(topic="turn.started.1")
    assert seen == {first: OPENED, other: OPENED, private: unread, later: OPENED}
    assert {(fact.version, fact.actor, fact.at) for fact in begun} == {(1, "me", AT)}
    latest = [fact async for facts in store.latest(TENANT, kind, below=later.rpartition("/")[2]) for fact in facts]
    assert {(fact.stream, fact.version): fact.event for fact in latest} == {
        (first, 3): unread,
        (other, 1): OPENED,
        (private, 1): unread,
    }


async def test_nothing_private_is_added_to_a_shredded_stream(store: WholeStore, stream: str) -> None:
    await store.append(envelopes(stream, 1, OPENED))
    await store.shred(stream)
    with pytest.raises(SessionNotFound):
        await store.append(envelopes(stream, 2, STARTED))
    await store.append(envelopes(stream, 2, USED))
    assert said(await store.load(stream)) == [(1, OPENED), (2, USED)]


LONG = e.PassagesRetrieved(
    turn_id="t",
    passages=(
        e.Passage(passage_id="p", document_id="d", title="", text="x" * 800_000, start=0, end=800_000, score=1.0),
    ),
)


async def test_long_streams_and_logs_are_read_in_slices_of_bounded_size(store: WholeStore, stream: str) -> None:
    before = await store.head(0)
    for first in range(1, 601, 300):
        await store.append(envelopes(stream, first, *[OPENED] * 300))
    slices = [len(facts) async for facts in store.slices(stream)]
    assert sum(slices) == 600 and max(slices) <= 500
    for version in range(601, 613):
        await store.append(envelopes(stream, version, LONG))
    loaded = [fact async for facts in store.slices(stream, after=600) for fact in facts]
    assert [fact.version for fact in loaded] == list(range(601, 613))
    facts, sizes = list[Recorded](), list[int]()
    while batch := await store.read_log(0, after=facts[-1].position if facts else before, limit=700):
        facts += batch
        sizes.append(sum(len(fact.state) for fact in batch))
        assert is_full(batch, 700) == (len(facts) < 612)
    assert [fact.version for fact in facts if fact.stream == stream] == list(range(1, 613))
    assert len(sizes) == 2 and sizes[0] < LOG_BYTES + 1_000_000
