"""NATS stops for half a minute under load: no turn may fail, and afterwards views and costs must be complete."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

import click
import httpx
import msgspec
from websockets.asyncio.client import ClientConnection

from application.clock import monotonic
from infra.bench.harness.chat_load import Seen, ask, close_all, open_sockets
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.load import compare_ledgers
from infra.bench.results import keep, recordable


class Outage(msgspec.Struct, kw_only=True):
    """What an outage did: turns asked during the whole run, how many were asked while NATS was stopped, how many
    failed; then tenants whose ledger differs and turns that their session view lacks, after it had caught up."""

    stopped_s: float
    turns: int
    turns_meanwhile: int
    failed: int
    caught_up_s: float
    tenants_unequal: int
    turns_missing_in_views: int


async def ask_through_outage(ours: Installed, sockets: int, stopped_s: float) -> Outage:
    """Sockets ask one question after the other; NATS is stopped after a few seconds and let go later."""
    tokens = ours.tokens(sockets)
    opened = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", tokens)
    seen: list[tuple[float, Seen]] = []
    over = asyncio.Event()

    async def client(number: int, socket: ClientConnection) -> None:
        turn = 0
        while not over.is_set():
            began = monotonic()
            seen.append((began, await ask(socket, f"{number}-{turn}", QUESTION)))
            turn += 1

    clients = [asyncio.create_task(client(number, socket)) for number, socket in enumerate(opened)]
    await asyncio.sleep(3)
    stopped = monotonic()
    os.kill(ours.pids["nats"], signal.SIGSTOP)
    try:
        await asyncio.sleep(stopped_s)
    finally:
        os.kill(ours.pids["nats"], signal.SIGCONT)
    back = monotonic()
    over.set()
    await asyncio.gather(*clients)
    await close_all(opened)
    await asyncio.to_thread(ours.wait_for_costs, 120)
    differing, _ = await asyncio.to_thread(compare_ledgers, ours)
    missing = await asyncio.to_thread(missing_turns, ours, tokens, len(seen))
    return Outage(
        stopped_s=stopped_s,
        turns=len(seen),
        turns_meanwhile=sum(stopped <= at <= back for at, _ in seen),
        failed=sum(not s.exact for _, s in seen),
        caught_up_s=round(monotonic() - back, 1),
        tenants_unequal=differing,
        turns_missing_in_views=missing,
    )


def missing_turns(ours: Installed, tokens: list[str], asked: int, deadline_s: float = 60.0) -> int:
    """How many turns the session views of all users lack once they had time to catch up."""
    deadline = monotonic() + deadline_s
    while True:
        found = 0
        for token in tokens:
            answer = httpx.get(f"{ours.url}/v1/sessions", headers={"Authorization": f"Bearer {token}"}, timeout=30)
            found += sum(session["turns"] for session in answer.raise_for_status().json()["sessions"])
        if found >= asked or monotonic() > deadline:
            return asked - found
        time.sleep(0.5)


def run(sockets: int, tenants: int, stopped_s: float) -> Outage:
    """The whole exercise on an installation of its own."""
    with installed(tenants, DOCUMENTS) as ours:
        return asyncio.run(ask_through_outage(ours, sockets, stopped_s))


@click.command()
@recordable
@click.option("--sockets", default=50, show_default=True)
@click.option("--tenants", default=10, show_default=True)
@click.option("--seconds", default=30.0, show_default=True, help="How long NATS is stopped.")
@click.option("--json", "as_json", is_flag=True)
def outage(sockets: int, tenants: int, seconds: float, as_json: bool) -> None:
    """Stop NATS under load: no turn may fail, and views and costs must be complete afterwards.

    Example: colloquy bench outage --seconds 30
    """
    row = run(sockets, tenants, seconds)
    click.echo(json.dumps(msgspec.structs.asdict(row)) if as_json else table([row]))
    keep({"failed turns": row.failed / row.turns, "caught up in, of the outage": row.caught_up_s / row.stopped_s})
    if row.failed or row.tenants_unequal or row.turns_missing_in_views:
        raise click.exceptions.Exit(1)
