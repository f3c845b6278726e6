"""Hostile tool queries against a real PostgreSQL: what they take of it, how long each lasts, and what others notice."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import click
import httpx
import msgspec

from adapters.postgres.datasets import PostgresDatasets
from adapters.postgres.logins import find_logins
from adapters.postgres.pool import open_pool
from adapters.postgres.tool_queries import ToolQueries
from application.acting_tenant import acting_for
from application.clock import monotonic
from application.ports.tools.datasets import QueryFailed
from application.ports.tools.tables import Table
from domain.refusals import InvalidField, Refusal
from domain.tenant.events import Column
from domain.tenant.tool import Query
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.processes import children, private_bytes
from infra.bench.harness.table import table
from infra.bench.hostile_sql import COLUMNS, Hostile, hostile_queries, order_rows
from infra.bench.results import keep, recordable

SAMPLE_S, PAUSE_S = 0.1, 0.05
BEFORE = 60
"""How often the others ask before the attack begins."""
GRACE_S = 0.5
MEMORY_MB = 200


class AttackOutcome(msgspec.Struct, frozen=True):
    """Of all queries. `longest_s` is that of one question, its wait for a place not counted."""

    queries: int
    refused: int
    answered: int
    stopped: int
    failed: int
    longest_s: float
    memory_mb: float
    others_before_ms: float
    others_during_ms: float
    others_p99_ms: float
    others_failed: int
    limit_s: float

    def verdicts(self) -> list[tuple[str, bool]]:
        """What must hold."""
        return [
            (f"PostgreSQL's memory grows by less than {MEMORY_MB} MB", self.memory_mb < MEMORY_MB),
            (f"none runs longer than {self.limit_s} s + {GRACE_S} s", self.longest_s <= self.limit_s + GRACE_S),
            ("others are answered all the while", self.others_failed == 0),
        ]


class Attack:
    """Counts what comes of each query."""

    def __init__(self, datasets: PostgresDatasets, postmaster: int) -> None:
        self._datasets, self._postmaster = datasets, postmaster
        self.ends: Counter[str] = Counter()
        self.longest: tuple[float, Hostile | None] = (0.0, None)
        self.memory, self._first = 0, self._private()

    def _private(self) -> int:
        return sum(map(private_bytes, children(self._postmaster)))

    @property
    def grown_mb(self) -> float:
        """At the most, since it began."""
        return round((self.memory - self._first) / 1_000_000, 1)

    async def one(self, tenant: str, hostile: Hostile) -> None:
        """Put it as a tool is put, then ask it as a tool is asked, whatever the parser said of it."""
        for step in ("check", "fetch"):
            began = monotonic()
            self.ends[await self._end(step, tenant, Query(dataset="orders", sql=hostile.sql))] += step == "fetch"
            self.longest = max(self.longest, (monotonic() - began, hostile), key=lambda one: one[0])

    async def _end(self, step: str, tenant: str, query: Query) -> str:
        try:
            if step == "check":
                await self._datasets.check(tenant, query, {})
            else:
                await self._datasets.fetch(tenant, query, {}, {})
        except InvalidField:
            return "refused"
        except QueryFailed as failed:
            if str(failed).startswith("query.sql"):
                return "refused"
            return "stopped" if "longer than" in str(failed) or "more memory" in str(failed) else "answered"
        except Refusal:
            return "failed"
        return "answered"

    async def sample(self) -> None:
        """Until it is cancelled."""
        while True:
            self.memory = max(self.memory, self._private())
            await asyncio.sleep(SAMPLE_S)


async def attack(
    datasets: PostgresDatasets,
    tenants: Sequence[str],
    queries: Sequence[Hostile],
    postmaster: int,
    other: Callable[[], Awaitable[object]],
    limit_s: float,
) -> tuple[AttackOutcome, Hostile | None]:
    """All queries by the tenants side by side, while somebody else asks `other` again and again; and the longest."""
    before = [await _timed(other) for _ in range(BEFORE)]
    running = Attack(datasets, postmaster)
    waiting = iter(queries)

    async def work(tenant: str) -> None:
        with acting_for(tenant):
            for hostile in waiting:
                await running.one(tenant, hostile)

    during: list[float | None] = []

    async def ask_on() -> None:
        while True:
            during.append(await _timed(other))
            await asyncio.sleep(PAUSE_S)

    beside = [asyncio.create_task(ask_on()), asyncio.create_task(running.sample())]
    # No more workers than a tenant has places: what is measured is a question, not its wait for one.
    await asyncio.gather(*(work(tenant) for tenant in tenants for _ in range(2)))
    for task in beside:
        task.cancel()
    await asyncio.wait(beside)
    asked, earlier = [ms for ms in during if ms is not None], [ms for ms in before if ms is not None]
    return AttackOutcome(
        queries=len(queries), refused=running.ends["refused"], answered=running.ends["answered"],
        stopped=running.ends["stopped"], failed=running.ends["failed"], longest_s=round(running.longest[0], 2),
        memory_mb=running.grown_mb, others_before_ms=round(statistics.median(earlier), 1),
        others_during_ms=round(statistics.median(asked), 1),
        others_p99_ms=round(statistics.quantiles(asked, n=100)[98], 1) if len(asked) > 1 else 0.0,
        others_failed=len(during) - len(asked), limit_s=limit_s,
    ), running.longest[1]  # fmt: skip


async def _timed(other: Callable[[], Awaitable[object]]) -> float | None:
    """Milliseconds; None when it failed."""
    began = monotonic()
    try:
        await other()
    except (Refusal, QueryFailed, httpx.HTTPError):
        return None
    return (monotonic() - began) * 1000


def orders_table(rows: int) -> Table:
    """The dataset that is asked."""

    async def batches() -> AsyncIterator[list[list[str | None]]]:
        yield order_rows(rows)

    return Table(tuple(Column(name, kind) for name, kind in COLUMNS.items()), batches())


@asynccontextmanager
async def _opened(owner_url: str, limit_s: float) -> AsyncIterator[PostgresDatasets]:
    logins = await find_logins(owner_url, {})
    async with open_pool(logins.app) as pool, open_pool(logins.tools, max_size=4) as tools:
        queries = ToolQueries(tools, limit_s=limit_s)
        yield PostgresDatasets(pool, queries)
        await queries.close()


async def _on(ours: Installed, count: int, rows: int, limit_s: float) -> tuple[AttackOutcome, Hostile | None]:
    from infra.local.endpoints import DATABASE, installation_environment

    hostile, (victim, *attackers) = hostile_queries(count), ours.tenants
    [token] = ours.tokens(1)
    async with (
        _opened(installation_environment(str(ours.data_dir))[DATABASE], limit_s) as datasets,
        httpx.AsyncClient(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=10) as http,
    ):
        for tenant in attackers:
            with acting_for(tenant):
                await datasets.replace(tenant, "orders", orders_table(rows))

        async def search() -> None:
            (await http.post("/v1/search", json={"query": QUESTION, "k": 5})).raise_for_status()

        assert victim == ours.tenants[0], "the token is of the first tenant"
        return await attack(datasets, attackers, hostile, ours.pids["postgres"], search, limit_s)


def run(count: int, rows: int, limit_s: float) -> tuple[AttackOutcome, Hostile | None]:
    """On an installation of its own: two tenants attack, the searches of a third are timed."""
    os.environ.setdefault("COLLOQUY_LOG_LEVEL", "warning")
    with installed(3, DOCUMENTS) as ours:
        return asyncio.run(_on(ours, count, rows, limit_s))


@click.command("attack-sql")
@recordable
@click.option("--queries", default=2_000, show_default=True)
@click.option("--rows", default=20_000, show_default=True, help="Of the dataset that is asked.")
@click.option("--limit-s", default=5.0, show_default=True, help="How long one question may take.")
@click.option("--json", "as_json", is_flag=True)
def attack_sql(queries: int, rows: int, limit_s: float, as_json: bool) -> None:
    """Hostile tool queries of two tenants: PostgreSQL's memory, the longest question, and a third tenant's searches.

    Example: colloquy bench attack-sql --queries 500 --limit-s 1
    """
    outcome, longest = run(queries, rows, limit_s)
    keep(
        {
            "longest of the limit": outcome.longest_s / outcome.limit_s,
            "others, beside before": outcome.others_during_ms / outcome.others_before_ms,
        }
    )
    if as_json:
        click.echo(json.dumps(msgspec.structs.asdict(outcome)))
    else:
        click.echo(table([outcome]))
        click.echo(f"longest: {longest.family}: {longest.sql[:120]}" if longest else "")
        for claim, held in outcome.verdicts():
            click.echo(f"{'PASS' if held else 'FAIL'}  {claim}")
    if not all(held for _, held in outcome.verdicts()):
        raise click.exceptions.Exit(1)
