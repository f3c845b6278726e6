"""How long erasing takes: a session of a tenant with many, a user, a whole tenant; beside that of a lone session."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import AsyncExitStack
from typing import Any

import click
import httpx
import msgspec

from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

TOGETHER = 200
MINE = 100
WITHIN_S = 60.0
TIMEOUT_S = 120.0
CAUGHT_UP_S = 400.0


class ErasedThing(msgspec.Struct, kw_only=True):
    """What was erased, of how much, in which time, and how often that of one session of a tenant that has no other."""

    what: str
    sessions: int
    turns: int
    seconds: float
    ratio: float


def run(sessions: int, turns: int) -> list[ErasedThing]:
    """Two tenants: one with so many sessions, one with one."""
    from infra.bench.harness.installation import installed

    with installed(2, {}) as ours:
        full, empty = ours.tenants
        mine, (other, *_) = asyncio.run(_fill(ours, {full: sessions, empty: 1}, turns))
        ours.wait_for_costs(CAUGHT_UP_S)
        alone = _timed(ours, empty, {"session_id": other})
        rows = [("a session, alone", 1, alone)]
        rows.append((f"a session of {sessions:,}", 1, _timed(ours, full, {"session_id": mine[0]})))
        rows.append((f"a user with {MINE} sessions", MINE - 1, _timed(ours, full, {"user": "ada"})))
        rows.append(("the whole tenant", sessions - MINE, _timed(ours, full, {})))
    return [
        ErasedThing(what=what, sessions=many, turns=many * turns, seconds=round(s, 3), ratio=round(s / alone, 1))
        for what, many, s in rows
    ]


def _timed(ours: Any, tenant: str, asked: dict[str, str]) -> float:
    """Seconds until the answer, which comes when all is done."""
    from api.composition.token_wiring import token_issuer
    from api.settings import read_settings
    from domain.access import PLATFORM_TENANT

    issuer = token_issuer(read_settings(data_dir=str(ours.data_dir)))
    whose, role = (tenant, "admin") if asked else (PLATFORM_TENANT, "operator")
    token = issuer.issue(tenant=whose, user="bench", roles=[role], ttl_s=900).token
    with httpx.Client(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S) as http:
        began = time.perf_counter()
        answer = http.post("/v1/erasures", json=asked) if asked else http.delete(f"/v1/tenants/{tenant}")
        seconds = time.perf_counter() - began
    receipt: dict[str, Any] = answer.raise_for_status().json()
    if not receipt["final"]:
        raise RuntimeError(f"it was not final: {receipt}")
    return seconds


async def _fill(ours: Any, sessions: dict[str, int], turns: int) -> list[list[str]]:
    """Ids of sessions that were made in each tenant, through the store; the first hundred are one user's."""
    from adapters.postgres.user_names import PostgresUserNames
    from api.composition.infrastructure import open_database
    from api.settings import read_settings
    from application.acting_tenant import EVERY, act_for
    from application.users import Users
    from infra.local.endpoints import installation_environment

    os.environ.update(installation_environment(str(ours.data_dir)) | {"COLLOQUY_DATA_DIR": str(ours.data_dir)})
    act_for(EVERY)
    made: list[list[str]] = []
    async with AsyncExitStack() as stack:
        database = await open_database(read_settings(data_dir=str(ours.data_dir)), stack, "bench-erasure")
        users = Users(database.store.vault, PostgresUserNames(database.pool), database.store)
        stack.push_async_callback(users.close)
        for tenant, count in sessions.items():
            ada, bob = await users.known(tenant, "ada"), await users.known(tenant, "bob")
            ids: list[str] = []
            for first in range(0, count, TOGETHER):
                some = range(first, min(first + TOGETHER, count))
                ids += await asyncio.gather(
                    *(_session(database.store, tenant, ada if number < MINE else bob, turns) for number in some)
                )
            made.append(ids)
    return made


async def _session(store: Any, tenant: str, user: str, turns: int) -> str:
    """A session with so many turns, each answered and paid for."""
    from application.clock import new_id
    from application.execute import SESSION, Context, LoadedAggregate
    from domain.event import Event
    from domain.model_calls import ModelCallStarted, settle
    from domain.session import events as e
    from domain.usage import Usage
    from infra.bench.costs import SONNET

    facts: list[Event] = [e.SessionOpened(user=user, assistant="default")]
    for number in range(turns):
        turn = new_id()
        call = ModelCallStarted(call_id=new_id(), step="answer", model=SONNET, user=user, turn_id=turn)
        facts += [
            e.TurnStarted(turn_id=turn, client_id=turn, text=f"How long does roast number {number} rest?"),
            call,
            settle(call, Usage(900, 40)),
            e.TurnCompleted(turn_id=turn, text="Seven days before it is shipped.", model=SONNET, ms=900, ttft_ms=400),
        ]
    id = new_id()
    await LoadedAggregate(store, f"{tenant}/session/{id}", SESSION).append(facts, Context(user, id))
    return id


@click.command()
@recordable
@click.option("--sessions", default=10_000, show_default=True, help="Sessions of the larger tenant.")
@click.option("--turns", default=1, show_default=True, help="Turns of each.")
@click.option("--json", "as_json", is_flag=True)
def erasure(sessions: int, turns: int, as_json: bool) -> None:
    """How long erasing takes until nothing is left, keys in backups included; costs stay what they were.

    Example: colloquy bench erasure --sessions 10000
    """
    rows = run(sessions, turns)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({f"of a lone session's, {row.what}": row.ratio for row in rows})
    if any(row.seconds > WITHIN_S for row in rows):
        raise click.exceptions.Exit(1)
