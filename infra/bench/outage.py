"""NATS stops for half a minute under load: no turn may fail, and afterwards views and costs must be complete."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection

from infra.bench.harness.chat_load import Seen, ask, close_all, open_sockets
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.load import compare_ledgers


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


async def outage(ours: Installed, sockets: int, stopped_s: float) -> Outage:
    """Sockets ask one question after the other; NATS is stopped after a few seconds and let go later."""
    tokens = ours.tokens(sockets)
    opened = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", tokens)
    seen: list[tuple[float, Seen]] = []
    over = asyncio.Event()

    async def client(number: int, socket: ClientConnection) -> None:
        turn = 0
        while not over.is_set():
            began = time.monotonic()
            seen.append((began, await ask(socket, f"{number}-{turn}", QUESTION)))
            turn += 1

    clients = [asyncio.create_task(client(number, socket)) for number, socket in enumerate(opened)]
    await asyncio.sleep(3)
    stopped = time.monotonic()
    os.kill(ours.pids["nats"], signal.SIGSTOP)
    try:
        await asyncio.sleep(stopped_s)
    finally:
        os.kill(ours.pids["nats"], signal.SIGCONT)
    back = time.monotonic()
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
        caught_up_s=round(time.monotonic() - back, 1),
        tenants_unequal=differing,
        turns_missing_in_views=missing,
    )


def missing_turns(ours: Installed, tokens: list[str], asked: int, deadline_s: float = 60.0) -> int:
    """How many turns the session views of all users lack once they had time to catch up."""
    deadline = time.monotonic() + deadline_s
    while True:
        found = 0
        for token in tokens:
            answer = httpx.get(f"{ours.url}/v1/sessions", headers={"Authorization": f"Bearer {token}"}, timeout=30)
            found += sum(session["turns"] for session in answer.raise_for_status().json()["sessions"])
        if found >= asked or time.monotonic() > deadline:
            return asked - found
        time.sleep(0.5)


def run(sockets: int, tenants: int, stopped_s: float) -> Outage:
    """The whole exercise on an installation of its own."""
    with installed(tenants, DOCUMENTS) as ours:
        return asyncio.run(outage(ours, sockets, stopped_s))
