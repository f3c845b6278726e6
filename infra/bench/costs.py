"""How fast a month of costs answers from its sums by hour and day, beside the same questions asked of its lines."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251 # generated lines, the same in each run
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import click
import msgspec
from psycopg.sql import SQL, Identifier

from domain.usage import PRICE_VERSION, Usage, cost_of, family_of, prompt_cache_saving
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from projections.cost_entries import Entry, bucket_of

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
SONNET, HAIKU = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
STEPS = (
    ("answer_from_documents", SONNET), ("rerank", HAIKU), ("grade_passages", HAIKU), ("follow_ups", HAIKU),
    ("embed", "amazon.titan-embed-text-v2:0"),
)  # fmt: skip
USERS = 300
ASSISTANTS = ("default", "support", "sales", "legal")
BATCH = 5_000
Ask = Callable[[Any], Awaitable[Any]]


class MeasuredQuestion(msgspec.Struct, kw_only=True):
    """One question: the median time (milliseconds) by lines alone, and by sums, whose answers must be equal."""

    question: str
    by_lines_ms: float
    by_sums_ms: float
    ratio: float
    equal: bool


async def run(database_url: str, lines: int, rounds: int) -> list[MeasuredQuestion]:
    """Load a month of `lines` generated lines through the read model's own statements, then ask both ways in turns."""
    from adapters.eventstore.store import open_event_store
    from adapters.postgres.logins import find_logins
    from adapters.postgres.migrate import migrate
    from adapters.postgres.pool import open_pool
    from application.acting_tenant import EVERY, act_for
    from application.clock import new_id
    from infra.bench.events import LocalAuthority
    from projections.cost_reads import CostReads
    from projections.costs import Costs
    from projections.first_generations import begin_first_generations

    migrate(database_url)
    logins = await find_logins(database_url, {}, worker=True)
    assert logins.worker is not None, "it was asked for"
    act_for(EVERY)
    async with open_pool(logins.app) as pool, open_pool(logins.worker) as worker:
        await begin_first_generations(worker, (Costs,), 1)
        tenant = new_id()
        await load_lines(worker, tenant, lines)
        owner = f"bench-{tenant}"
        async with open_event_store(logins, pool, LocalAuthority(), lanes=1, owner=owner, lease_s=30) as store:
            ways = [CostReads(pool, store, by_sums=by_sums) for by_sums in (False, True)]
            return [await _compare(name, ask, ways, rounds) for name, ask in _questions(tenant).items()]


def _questions(tenant: str) -> dict[str, Ask]:
    from projections.cost_query import CostFilter
    from projections.cost_reads import Series

    month = CostFilter(since=BEGIN, until=BEGIN + MONTH)
    ragged = CostFilter(since=BEGIN + timedelta(minutes=7), until=BEGIN + MONTH - timedelta(seconds=3))
    one = CostFilter(since=BEGIN, until=BEGIN + MONTH, user="user-7")
    step = CostFilter(since=BEGIN, until=BEGIN + MONTH, step="rerank")

    def series(group: str, interval: str, top: int | None = None) -> Ask:
        asked = Series(wanted=month, group=group, interval=interval, top=top)
        return lambda costs: costs.series(tenant, asked)

    return {
        "summary": lambda costs: costs.summary(tenant, month),
        "summary, borders within hours": lambda costs: costs.summary(tenant, ragged),
        "summary of a step": lambda costs: costs.summary(tenant, step),
        "summary of a user": lambda costs: costs.summary(tenant, one),
        "series by model and day": series("model", "day"),
        "series by family and hour": series("family", "hour"),
        "series by user and day": series("user", "day"),
        "series by the 8 dearest users and hour": series("user", "hour", 8),
        "series by the 8 dearest sessions and day": series("session", "day", 8),
        "series by assistant and hour": series("assistant", "hour"),
        "series by session and day, its first page": series("session", "day"),
    }


async def _compare(name: str, ask: Ask, ways: list[Any], rounds: int) -> MeasuredQuestion:
    times: list[list[float]] = [[], []]
    answers: list[Any] = [None, None]
    for turn in range(rounds + 1):
        for place, costs in enumerate(ways):
            began = time.perf_counter()
            answers[place] = await ask(costs)
            if turn:  # the first of each warms the database's memory
                times[place].append((time.perf_counter() - began) * 1e3)
    lines, sums = (statistics.median(of) for of in times)
    return MeasuredQuestion(
        question=name,
        by_lines_ms=round(lines, 1),
        by_sums_ms=round(sums, 1),
        ratio=round(sums / lines, 4),
        equal=answers[0] == answers[1],
    )


async def load_lines(worker: Any, tenant: str, lines: int, *, since: datetime = BEGIN) -> None:
    """A month of generated lines into the live generation, through the read model's own statements."""
    from projections import positions
    from projections.costs import TABLES, count
    from projections.transactions import writing

    async with writing(worker) as connection:
        live = await positions.live(connection, "costs")
    assert live is not None, "it was begun"
    for entries, marks in _turns(tenant, lines, since):
        async with writing(worker) as connection:
            await connection.execute("SET LOCAL statement_timeout = '60s'")
            await count(connection, live.generation, entries, marks)
    async with worker.connection() as connection:
        await connection.execute("SET ROLE colloquy_worker")
        for name in TABLES:  # as autovacuum does meanwhile
            name = f"{name}_{live.generation}"
            await connection.execute(SQL("VACUUM ANALYZE {}").format(Identifier("projections", name)))
        await connection.execute("RESET ROLE")


def _turns(tenant: str, lines: int, since: datetime) -> Iterator[tuple[list[Entry], list[Entry]]]:
    """A month of turns in order, `BATCH` lines at a time: sessions of several turns within an hour or two, most of them
    by few of the users, most at some hours of the day."""
    draw, made, marked = random.Random(7), 0, 0
    entries: list[Entry] = []
    marks: list[Entry] = []
    while made < lines:
        user, at = f"user-{int(draw.paretovariate(0.6)) % USERS}", since + MONTH * (made / lines)
        at = at.replace(hour=int(draw.triangular(0, 24, 14)), minute=draw.randrange(60), second=draw.randrange(60))
        whose = {"tenant": tenant, "session_id": f"session-{made}", "user_id": user, "source": "socket",
                 "assistant": ASSISTANTS[made % len(ASSISTANTS)]}  # fmt: skip
        for number in range(draw.randrange(1, 12)):
            marked += 2
            turn = {**whose, "turn_id": f"turn-{made}-{number}", "at": at + timedelta(minutes=7 * number)}
            for place, kind in ((marked, "turn"), (marked + 1, draw.choice(("exact", "miss", "miss")))):
                saved = Decimal("0.004180002") if kind == "exact" else Decimal(0)
                marks.append({**turn, "position": place, "kind": kind, "turns": 1, "saved_usd": saved})
            for step, model in STEPS:
                made += 1
                entries.append(_line(turn, made, step, model, draw))
        if len(entries) >= BATCH:
            yield entries, marks
            entries, marks = [], []
    yield entries, marks


def _line(turn: Entry, number: int, step: str, model: str, draw: random.Random) -> Entry:
    usage = Usage(draw.randrange(50, 4_000), draw.randrange(1, 700), draw.randrange(0, 2_000))
    estimated = draw.random() < 0.01
    return {
        **turn,
        "call_id": f"call-{number}",
        "position": number,
        "step": step,
        "model": model,
        "family": family_of(model),
        **{name: getattr(usage, name) for name in Usage.__struct_fields__},
        "cost_usd": cost_of(model, usage),
        "prompt_cache_saved_usd": prompt_cache_saving(model, usage),
        "price_version": PRICE_VERSION,
        "failure": "",
        "estimated": estimated,
        "corrected": False,
        "first_token": bucket_of(draw.randrange(150, 2_500)) if step.startswith("answer") else 0,
        "corrected_at": None,
        "correction_reason": "",
        "replaced_usd": None,
        "replaced_input_tokens": None,
        "replaced_output_tokens": None,
    }


@click.command()
@recordable
@click.option("--lines", default=1_000_000, show_default=True, help="Lines of one tenant's month.")
@click.option("--rounds", default=5, show_default=True, help="How often each takes its turn; the median counts.")
@click.option("--json", "as_json", is_flag=True)
def costs(lines: int, rounds: int, as_json: bool) -> None:
    """A month of one tenant's costs from sums, beside the same questions asked of its lines; answers must be equal.

    Example: colloquy bench costs --lines 1000000
    """
    from infra.local.installation import throwaway_data_dir
    from infra.local.stack import running

    alone = frozenset({"nats", "valkey", "aws", "bedrock"})
    with throwaway_data_dir() as data_dir, running(data_dir, fast=False, without=alone) as stack:
        rows = asyncio.run(run(stack.endpoints.database_url, lines, rounds))
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({f"by sums of by lines, {row.question}": row.ratio for row in rows})
    if not all(row.equal for row in rows):
        raise click.exceptions.Exit(1)
