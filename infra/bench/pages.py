"""How soon each page of the console can be used when its tenant has a long past, beside the same of an empty tenant."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from application.clock import monotonic, now
from infra.bench.costs import MONTH, load_lines
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WITHIN_MS = 1_000
TURNS, CAUGHT_UP_S = 60, 60.0
YEAR = timedelta(days=365)
DEADLINE_MS = 30_000
ROLES = ("member", "editor", "analyst", "auditor", "admin")
READY = """() => {
  const page = document.getElementById("page"), composer = document.getElementById("composer");
  const listed = "ul[aria-label=Sessions] a, #sessions .state:not(:empty)";
  if (composer) return !composer.hidden && !!document.querySelector(listed);
  return !!page && page.getAttribute("aria-busy") !== "true" && !!document.querySelector("#page table, #page .tile");
}"""
# Positions that the log does not give out: what is loaded lies before all that comes, as an old past does.
LAST = """
SELECT coalesce(max(last_value), 0) FROM pg_sequences
WHERE schemaname = 'public' AND sequencename LIKE '%notification_id%'"""
SKIP = """
SELECT setval(format('public.%%I', sequencename)::regclass, %s) FROM pg_sequences
WHERE schemaname = 'public' AND sequencename LIKE '%%notification_id%%'"""
# Facts that the tenant has, told again and again over a year: their bytes are real, their places and times are new.
REPEAT = """
WITH known AS (
  SELECT *, row_number() OVER (ORDER BY position) - 1 AS place, count(*) OVER () AS many
  FROM {log} WHERE tenant = %(tenant)s)
INSERT INTO {log} (tenant, leaf_index, position, stream, version, topic, at, actor, correlation_id,
  causation_id, leaf, leaf_hash)
SELECT tenant, -1 - n, %(first)s + n, stream, version, topic, %(since)s + n * %(apart)s, actor, correlation_id,
  causation_id, leaf, leaf_hash
FROM generate_series(0, %(events)s - 1) AS n JOIN known ON place = n %% many"""


class LoadedPage(msgspec.Struct, kw_only=True):
    """One page: the first load in a new browser, the median and the slowest of those after it (milliseconds), the
    median of the same page of a tenant with nothing, and how many times that it takes."""

    page: str
    first_ms: float
    p50_ms: float
    worst_ms: float
    empty_p50_ms: float
    ratio: float


def run(lines: int, events: int, rounds: int) -> list[LoadedPage]:
    """Load the past of one of two tenants, then open each page in turns."""
    from infra.bench.harness.handbook import DOCUMENTS
    from infra.bench.harness.installation import installed

    with installed(2, DOCUMENTS) as ours:
        full, empty = ours.tenants
        present = now().replace(minute=0, second=0, microsecond=0)
        session = asyncio.run(_load(ours, full, lines, events, present))
        with _browser() as browser:

            def times(path: str) -> list[list[float]]:
                return [_open(browser, ours, tenant, path, rounds) for tenant in (full, empty)]

            return [_loaded(name, *times(path)) for name, path in _pages(session, present).items()]


def _loaded(name: str, times: list[float], beside: list[float]) -> LoadedPage:
    p50, baseline = statistics.median(times[1:]), statistics.median(beside[1:])
    return LoadedPage(
        page=name,
        first_ms=round(times[0]),
        p50_ms=round(p50),
        worst_ms=round(max(times[1:])),
        empty_p50_ms=round(baseline),
        ratio=round(p50 / baseline, 2),
    )


def _pages(session: str, present: datetime) -> dict[str, str]:
    day = (present - timedelta(days=300)).date().isoformat()
    return {
        "chat": "/console/chat",
        "costs, this month": "/console/costs",
        "costs, this year": "/console/costs?period=year",
        "costs by user": "/console/costs?period=year&group=user",
        "costs by session": "/console/costs?period=year&group=session",
        "audit": "/console/audit",
        "audit of a kind": "/console/audit?kind=turn.started.1",
        "audit of somebody unknown": "/console/audit?actor=nobody",
        "audit of an old day": f"/console/audit?from={day}&to={day}",
        "audit of an old day and somebody": f"/console/audit?from={day}&to={day}&actor=nobody&order=oldest",
        "audit of a session": f"/console/audit?session={session}",
        "operations": "/console/operations",
    }


def _open(browser: Any, ours: Any, tenant: str, path: str, rounds: int) -> list[float]:
    """From the address to what can be used, in milliseconds: once in a browser that knows nothing, then again."""
    from api.cli.console import sign_in_link
    from api.settings import read_settings

    operations = path == "/console/operations"
    whose, roles = ("_platform", ["operator"]) if operations else (tenant, ROLES)
    context = browser.new_context(base_url=ours.url)
    context.set_default_timeout(DEADLINE_MS)
    try:
        page = context.new_page()
        page.goto(sign_in_link(read_settings(data_dir=str(ours.data_dir)), ours.url, whose, "ada", roles))
        page.wait_for_url(lambda url: "/console/sign-in" not in url)
        times = []
        for _ in range(rounds + 1):
            page.goto("about:blank")
            began = time.perf_counter()
            page.goto(path, wait_until="commit")
            page.wait_for_function(READY)
            times.append((time.perf_counter() - began) * 1e3)
        return times
    finally:
        context.close()


@contextmanager
def _browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise click.ClickException("This measures in a browser: install Playwright's Python package.") from error
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise click.ClickException("This measures in a browser: install Chromium (apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


async def _load(ours: Any, tenant: str, lines: int, events: int, present: datetime) -> str:
    """A month of lines and a year of events, in the read models that pages are made from; a session among them."""
    from api.composition.infrastructure import open_database
    from api.settings import read_settings
    from application.acting_tenant import EVERY, act_for
    from infra.local.endpoints import installation_environment

    os.environ.update(installation_environment(str(ours.data_dir)) | {"COLLOQUY_DATA_DIR": str(ours.data_dir)})
    settings = read_settings(data_dir=str(ours.data_dir))
    act_for(EVERY)
    first = _skip(settings.database_url, events)
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, "bench-pages", worker=True)
        assert database.worker is not None, "it was asked for"
        await load_lines(database.worker, tenant, lines, since=present - MONTH)
        session = await _tell(database.store, tenant, present)
    _repeat(settings.database_url, tenant, events, first, present)
    return session


async def _tell(store: Any, tenant: str, at: datetime) -> str:
    """A session of many turns, through the store."""
    from application.clock import new_id
    from domain.event import Envelope, Event
    from domain.model_calls import ModelCallStarted, settle
    from domain.session import events as e
    from domain.usage import Usage
    from infra.bench.costs import SONNET

    id, version = new_id(), 0
    for number in range(TURNS):
        turn = new_id()
        call = ModelCallStarted(call_id=new_id(), step="answer", model=SONNET, user="ada", turn_id=turn)
        facts: list[Event] = [] if number else [e.SessionOpened(user="ada", assistant="default")]
        facts += [
            e.TurnStarted(turn_id=turn, client_id=turn, text=f"How long does roast number {number} rest?"),
            call,
            settle(call, Usage(900, 40)),
            e.TurnCompleted(turn_id=turn, text="Seven days before it is shipped.", model=SONNET, ms=900, ttft_ms=400),
        ]
        stream = f"{tenant}/session/{id}"
        await store.append(
            [
                Envelope(stream=stream, version=version + n, at=at, event=fact, actor="ada", correlation_id=turn)
                for n, fact in enumerate(facts, 1)
            ]
        )
        version += len(facts)
    return id


def _skip(database_url: str, events: int) -> int:
    """Let the log go on after so many positions; the first of those that it leaves out."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        ((last,),) = connection.execute(LAST).fetchall()
        connection.execute(SKIP, [last + events + 1])
    return int(last) + 1


def _repeat(database_url: str, tenant: str, events: int, first: int, present: datetime) -> None:
    """The tenant's events again and again, once the read model has those of the session."""
    deadline = monotonic() + CAUGHT_UP_S
    with psycopg.connect(database_url, autocommit=True) as connection:
        live = "SELECT generation FROM projections.generations WHERE name = 'audit' AND live"
        ((generation,),) = connection.execute(live).fetchall()
        log = Identifier("projections", f"audit_events_{generation}")
        told = SQL("SELECT count(*) FROM {} WHERE tenant = %s").format(log)
        while True:
            ((count,),) = connection.execute(told, [tenant]).fetchall()
            if count > 4 * TURNS:
                break
            if monotonic() > deadline:
                raise RuntimeError("the audit log did not catch up in time")
            time.sleep(0.1)
        given = {"tenant": tenant, "events": events, "first": first, "since": present - YEAR}
        connection.execute(SQL(REPEAT).format(log=log), given | {"apart": YEAR / events})
        connection.execute(SQL("VACUUM ANALYZE {}").format(log))  # as autovacuum does meanwhile


@click.command()
@recordable
@click.option("--lines", default=100_000, show_default=True, help="Lines of cost of the tenant's month.")
@click.option("--events", default=1_000_000, show_default=True, help="Events of the tenant's year.")
@click.option("--rounds", default=5, show_default=True, help="Loads of each page after the first; the median counts.")
@click.option("--json", "as_json", is_flag=True)
def pages(lines: int, events: int, rounds: int, as_json: bool) -> None:
    """How soon each page of the console can be used, in Chromium, beside the same page of a tenant with nothing.

    Example: colloquy bench pages --events 1000000
    """
    rows = run(lines, events, rounds)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({f"of an empty tenant's, {row.page}": row.ratio for row in rows})
    if any(row.p50_ms > WITHIN_MS for row in rows):
        raise click.exceptions.Exit(1)
