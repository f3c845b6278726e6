"""Summary, series, lines and sums by the hour say the same to the last digit: any filter, any borders, any zone."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from application.clock import new_id
from application.reconciliation.what_if import Change
from domain.event import Event
from domain.model_calls import TokensUsed
from domain.session import events as e
from projections.cost_entries import CostEntries
from projections.cost_query import COLUMNS, CostFilter
from projections.cost_reads import FIRST, CostReads, Series
from projections.costs import Costs, count
from projections.transactions import reading, rows, writing
from tests.fakes.in_memory_user_names import users_on
from tests.projections.histories import ADA, BOB, HAIKU, SONNET, START, Writer, corrected, turn, used
from tests.projections.test_read_models import caught_up

pytestmark = pytest.mark.real
TITAN = "amazon.titan-embed-text-v2:0"
VALUES = {
    "model": (SONNET, HAIKU, TITAN, "nobody's"),
    "family": ("sonnet", "titan-embed"),
    "step": ("answer", "embed"),
    "user": (ADA, BOB),
    "source": ("socket", "api", "ingest"),
    "assistant": ("default", "helper", "nobody's"),
}


def by(user: str, fact: Event, **fields: Any) -> Event:
    return msgspec.structs.replace(fact, user=user, **fields)


async def months(draw: random.Random, writer: Writer, tenant: str) -> dict[str, str]:
    """A month of turns, searches and documents; calls are corrected days after they were made. Whom each
    session talks to."""
    sessions = {f"{tenant}/session/{new_id()}": draw.choice([ADA, BOB]) for _ in range(6)}
    talks_to = [draw.choice(["default", "helper"]) for _ in sessions]
    for (stream, user), assistant in zip(sessions.items(), talks_to, strict=True):
        await writer.append(stream, [e.SessionOpened(user=user, assistant=assistant)], user)
    guesses: list[tuple[str, TokensUsed]] = []
    for _ in range(60):
        writer.at += timedelta(seconds=draw.choice([1, 599, 3_600, 12_345, 50_000]))
        stream, user = draw.choice(list(sessions.items()))
        facts = [by(user, fact) if isinstance(fact, TokensUsed) else fact for fact in turn(draw)]
        guess = used(new_id(), tokens=draw.randrange(9_000), estimated=True)
        assert isinstance(guess, TokensUsed)
        guesses.append((stream, guess))
        await writer.append(stream, [*facts, guess], user)
        kind, call = draw.choice(["search", "document"]), used(new_id(), tokens=draw.randrange(99), model=TITAN)
        await writer.append(f"{tenant}/{kind}/{new_id()}", [by(BOB, call, step="embed")], BOB)
    for stream, guess in draw.sample(guesses, 40):
        again: Event = msgspec.structs.replace(guess, model=HAIKU, estimated=False)  # another model, as it turned out
        await writer.append(stream, [again, corrected(again, tokens=77)] if draw.random() < 0.3 else
                            [corrected(guess, tokens=draw.randrange(9_000))])  # fmt: skip
    return {stream.split("/")[2]: assistant for (stream, _), assistant in zip(sessions.items(), talks_to, strict=True)}


def some_filter(draw: random.Random, end: datetime, sessions: dict[str, str]) -> CostFilter:
    """Borders on the hour, a microsecond beside it, or anywhere; in zones whose hours begin at other minutes."""

    def border() -> datetime:
        zone = timezone(timedelta(minutes=draw.choice([0, 330, -570, 345, 60])))
        at = START + draw.random() * (end - START)
        if draw.random() < 0.6:
            at = at.replace(minute=0, second=0, microsecond=0) + timedelta(microseconds=draw.choice([-1, 0, 0, 1]))
        return at.astimezone(zone)

    since, until = sorted((border(), border()))
    if draw.random() < 0.3:
        since, until = START, end
    asked: dict[str, Any] = {name: draw.choice(values) for name, values in VALUES.items() if draw.random() < 0.2}
    if draw.random() < 0.1:
        asked["session"] = draw.choice(list(sessions))
    if draw.random() < 0.2:
        asked["hidden"] = tuple(draw.sample(["default", "helper", "nobody's"], k=2))
    return CostFilter(since=since, until=until, **asked)


async def all_lines(costs: CostReads, tenant: str, wanted: CostFilter) -> list[dict[str, Any]]:
    return await costs.lines(tenant, wanted, 0, 10_000)


async def every_point(costs: CostReads, tenant: str, asked: Series) -> list[dict[str, Any]]:
    """A series page by page, whose every page says what all of it comes to."""
    found, after, totals = list[dict[str, Any]](), FIRST, set[str]()
    while True:
        points, total, more = await costs.series(tenant, asked, after=after, limit=7)
        found += points
        totals.add(format(total, "f"))
        if more is None:
            assert len(totals) == 1
            return found
        after = more


@pytest.mark.parametrize("seed", range(2))
async def test_every_sum_is_that_of_its_lines(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str, seed: int
) -> None:
    draw, writer = random.Random(seed), Writer(store)
    sessions = await months(draw, writer, tenant)
    follower = await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    by_sums, by_lines = CostReads(pool, store), CostReads(pool, store, by_sums=False)
    seen = Decimal(0)
    for _ in range(80):
        wanted = some_filter(draw, writer.at + timedelta(hours=1), sessions)
        lines = await all_lines(by_sums, tenant, wanted)
        total = sum((line["cost_usd"] for line in lines), Decimal(0))
        summary = await by_sums.summary(tenant, wanted)
        assert summary == await by_lines.summary(tenant, wanted)
        assert format(summary["total_usd"], "f") == format(total, "f"), "as strings too"
        assert summary["calls"] == len(lines)
        assert all(line["assistant"] == sessions.get(line["session_id"], "") for line in lines)
        assert summary["estimated_usd"] == sum((line["cost_usd"] for line in lines if line["estimated"]), Decimal(0))
        saved = sum((line["prompt_cache_saved_usd"] for line in lines), Decimal(0))
        assert summary["cache"]["prompt_cache_saved_usd"] == saved
        group, interval = draw.choice(list(COLUMNS)), draw.choice(["hour", "day"])
        asked = Series(wanted=wanted, group=group, interval=interval, top=draw.choice([None, 1, 2, 1_000]))
        series = await every_point(by_sums, tenant, asked)
        assert series == (await by_lines.series(tenant, asked))[0]
        assert format(sum((point["cost_usd"] for point in series), Decimal(0)), "f") == format(total, "f")
        assert sum(point["calls"] for point in series) == len(lines)
        happened = await by_sums.what_if(tenant, wanted, Change())
        assert format(happened.what_if_usd, "f") == format(total, "f")
        seen += total
    assert seen > 0
    rebuilt = await caught_up(store, worker, follower.model)
    fingerprints = [await follower.model.fingerprint(one.generation) for one in (follower, rebuilt)]
    assert fingerprints[0] == fingerprints[1]


async def test_turns_caches_and_failovers_are_counted_by_who_and_whence(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    writer, stream = Writer(store), f"{tenant}/session/{new_id()}"
    facts: list[Event] = []
    for number in range(4):
        facts.append(e.TurnStarted(turn_id=str(number), client_id=f"c{number}", text="?"))
    over = e.ModelFailedOver(turn_id="0", from_model=HAIKU, to_model=SONNET, reason="slow")
    await writer.append(stream, [*facts, over], ADA)
    await writer.append(stream, [over, msgspec.structs.replace(over, turn_id="1")], ADA)
    hit = e.CacheHit(turn_id="2", layer="exact", age_s=1, saved_usd=Decimal("0.001234567"))
    await writer.append(stream, [hit, e.CacheMissed(turn_id="3")], ADA)
    timed = [msgspec.structs.replace(used(new_id()), first_token_ms=ms) for ms in (200, 300, 5_000)]
    await writer.append(stream, timed)
    await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    costs, whole = CostReads(pool, store), CostFilter(since=START, until=datetime(2027, 1, 1, tzinfo=UTC))
    found = await costs.summary(tenant, whole)
    assert found["turns"] == 4
    assert found["failovers"] == {"count": 3, "turns": 2, "share": 0.5}
    assert (found["cache"]["exact_hits"], found["cache"]["misses"]) == (1, 1)
    assert found["saved_usd"] == found["cache"]["exact_saved_usd"] == Decimal("0.001234567")
    assert found["first_token_ms"]["answers"] == 3
    assert abs(found["first_token_ms"]["p50"] - 300) < 10
    others = await costs.summary(tenant, msgspec.structs.replace(whole, user=BOB))
    assert (others["turns"], others["saved_usd"], others["failovers"]["count"]) == (0, 0, 0)
    answers = await costs.summary(tenant, msgspec.structs.replace(whole, step="answer"))
    assert (answers["turns"], answers["saved_usd"], answers["cache"]["misses"]) == (None, None, None)
    assert answers["calls"] == 3


async def test_lanes_that_change_the_same_hours_at_once_lose_nothing(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str
) -> None:
    await caught_up(store, worker, Costs(store, worker, users_on(store.vault, store)))
    async with reading(pool, tenant) as connection:
        (live,) = await rows(connection, "SELECT generation FROM projections.generations WHERE name = 'costs' AND live")

    async def lane(number: int) -> None:
        draw, entries = random.Random(number), CostEntries(store, users_on(store.vault, store))
        writer, stream = Writer(store), f"{tenant}/session/{new_id()}"
        guesses: list[TokensUsed] = []
        for batch in range(6):
            models = draw.choices([SONNET, HAIKU, TITAN], k=60)
            steps = draw.sample([f"step {n}" for n in range(60)], k=60)
            calls = [
                by(ADA, used(new_id(), tokens=draw.randrange(9_000), model=model, estimated=True), step=step)
                for model, step in zip(models, steps, strict=True)
            ]
            again = [msgspec.structs.replace(guess, estimated=False, model=HAIKU) for guess in guesses]
            guesses = [call for call in calls if isinstance(call, TokensUsed)]
            await writer.append(stream, [*again, *calls], draw.choice([ADA, BOB]))
            facts = [f for f in await store.read_log(0, after=0, limit=5_000) if f.stream == stream]
            new = [fact for fact in facts if fact.version > writer.versions[stream] - len([*again, *calls])]
            lines = [line for fact in new if (line := await entries.line(fact))]
            assert len(lines) == len([*again, *calls]), batch
            async with writing(worker) as connection:
                await count(connection, live["generation"], lines, [])

    await asyncio.gather(*(lane(number) for number in range(4)))
    whole = CostFilter(since=START, until=datetime(2027, 1, 1, tzinfo=UTC))
    found = [await CostReads(pool, store, by_sums=way).summary(tenant, whole) for way in (True, False)]
    assert found[0] == found[1]
    assert found[0]["calls"] == 4 * 6 * 60
