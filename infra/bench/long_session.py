"""What the prompt cache saves over a long session, by the ledger, and what a turn costs early and late in it: in time,
and in CPU of the API process; and what a session costs by its turns in that process alone."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from statistics import median
from typing import Any

import click
import httpx
import msgspec

from infra.bench.caches.paraphrases import PARAPHRASES
from infra.bench.harness.chat_load import open_sockets
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.processes import cpu_seconds
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from infra.bench.session_growth import grown
from infra.bench.stream import StandInControl
from infra.bench.turns_behind import behind

WITHIN_S = 60.0
SIZES = (5, 50, 500, 5_000)
SOME = 20
"""Turns at the beginning, behind the first, and at the end that are compared."""


class LongSession(msgspec.Struct, kw_only=True):
    """Money in US dollars; times in milliseconds from the question to the last frame."""

    turns: int
    cost_usd: Decimal
    without_prompt_cache_usd: Decimal
    saved: float
    first_turns_ms: float
    last_turns_ms: float
    last_of_first: float
    first_cpu_ms: float
    last_cpu_ms: float
    last_cpu_of_first: float


async def _ask_all(url: str, token: str, turns: int, pid: int) -> tuple[list[int], list[float]]:
    """Milliseconds of each turn, and seconds of CPU that the process had used before each and after the last."""
    (socket,) = await open_sockets(url, [token])
    took, cpu = [], [cpu_seconds(pid)]
    try:
        for number in range(turns):
            text = f"{PARAPHRASES[number % len(PARAPHRASES)][0]} I ask for case {number}."
            asked = {"type": "turn.create", "id": f"t{number}", "text": text, "cache": "bypass"}
            async with asyncio.timeout(WITHIN_S):
                await socket.send(json.dumps(asked))
                took.append((await _end(socket))["ms"])
            cpu.append(cpu_seconds(pid))
    finally:
        await socket.close()
    return took, cpu


async def _end(socket: Any) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if frame["type"] == "turn.completed":
            return frame
        if frame["type"] in ("turn.failed", "error"):
            raise RuntimeError(f"not answered: {frame}")


def measure(ours: Installed, turns: int) -> LongSession:
    """So many turns in one session, one after the other, and the ledger's word on them."""
    (token,) = ours.tokens(1)
    took, cpu = asyncio.run(_ask_all(ours.url.replace("http", "ws", 1) + "/v1/chat", token, turns, ours.pids["api"]))
    ours.wait_for_costs()
    (analyst,) = ours.tokens(1, ["analyst"])
    found = httpx.get(
        f"{ours.url}/v1/costs/summary", params={"step": "answer_from_documents"}, timeout=30,
        headers={"Authorization": f"Bearer {analyst}"},
    ).raise_for_status().json()  # fmt: skip
    cost = Decimal(found["total_usd"])
    whole = cost + sum((Decimal(model["prompt_cache_saved_usd"]) for model in found["models"]), Decimal())
    first, last = median(took[1 : SOME + 1]), median(took[-SOME:])
    cpu_first, cpu_last = ((cpu[n + SOME] - cpu[n]) / SOME * 1000 for n in (1, turns - SOME))
    return LongSession(
        turns=turns,
        cost_usd=cost,
        without_prompt_cache_usd=whole,
        saved=round(float(1 - cost / whole), 3),
        first_turns_ms=first,
        last_turns_ms=last,
        last_of_first=round(last / first, 2),
        first_cpu_ms=round(cpu_first, 1),
        last_cpu_ms=round(cpu_last, 1),
        last_cpu_of_first=round(cpu_last / cpu_first, 2),
    )


@click.command("long-session")
@recordable
@click.option("--turns", default=200, show_default=True, help="Questions in the one session, 40 at least.")
@click.option("--facts", is_flag=True, help="Only what a session costs by its turns in this process, up to 5,000.")
@click.option("--behind", "only_behind", is_flag=True, help="Only what a turn costs the API behind up to 5,000.")
def long_session(turns: int, facts: bool, only_behind: bool) -> None:
    """One long session: what the prompt cache saved on its answers, what its last turns take beside its first, and what
    one of 5 to 5,000 turns costs in facts, snapshots and memory.

    Example: colloquy bench long-session --turns 1000
    """
    ratios: dict[str, float] = {}
    if not only_behind:
        sizes = grown(SIZES)
        click.echo(table(sizes))
        ratios[f"facts of a turn behind {SIZES[-1]}, of one behind {SIZES[1]}"] = sizes[-1].facts_us / sizes[1].facts_us
    if not facts:
        with installed(1, DOCUMENTS) as ours:
            StandInControl(ours.bedrock_url).pace(1, 0)
            rows = behind(ours, SIZES)
            click.echo(table(rows))
            ratios["cpu of a turn, of one in the shortest"] = rows[-1].cpu_ms / rows[0].cpu_ms
            if not only_behind:
                ratios |= _asked_through(ours, turns)
    keep(ratios)


def _asked_through(ours: Installed, turns: int) -> dict[str, float]:
    found = measure(ours, max(turns, 2 * SOME))
    click.echo(table([found]))
    return {
        "saved by the prompt cache": found.saved,
        "last turns, of the first": found.last_of_first,
        "cpu of the last turns, of the first": found.last_cpu_of_first,
    }
