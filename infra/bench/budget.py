"""Many turns at once against a budget for few: what was spent, what was let in, and who is let in afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any

import click
import httpx
import msgspec

from infra.bench.harness.chat_load import Seen, ask, ask_all, close_all, open_sockets
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, another_server, installed
from infra.bench.harness.table import table
from infra.bench.load import compare_ledgers
from infra.bench.results import keep, recordable

MOST = Decimal("1.025")
CALIBRATING = 5
WAVES = 20
SOON_S = 60.0


class Wave(msgspec.Struct, kw_only=True):
    """All sockets ask at once: how many were answered, refused for money (for now, or to the period's end), or else."""

    wave: int
    asked: int
    answered: int
    refused_for_now: int
    refused_for_good: int
    other_errors: int
    used_usd: str


class BudgetOutcome(msgspec.Struct, kw_only=True):
    """The whole: the limit, what the ledger says was spent, and their ratio; how many tenants' ledgers differ from the
    provider's count."""

    processes: int
    limit_usd: str
    spent_usd: str
    spent_share: float
    answered: int
    answered_after: int
    refused_wrongly: int
    other_errors: int
    ledgers_unequal: int

    def verdicts(self) -> list[tuple[str, bool]]:
        """What is claimed, and whether it came out."""
        return [
            (f"spent at most {MOST:.1%} of the limit", self.spent_share <= float(MOST)),
            ("none let in after it was used up", self.answered_after == 0),
            ("somebody was let in", self.answered > 0),
            ("every refusal says budget_exceeded and when to come back", self.refused_wrongly == 0),
            ("nothing else went wrong", self.other_errors == 0),
            ("our ledger equals the provider's count", self.ledgers_unequal == 0),
        ]


def run(sockets: int, turns: int, processes: int) -> tuple[list[Wave], BudgetOutcome]:
    """So many sockets at once, spread over API processes of one installation, against a budget for so many turns."""
    with installed(1, DOCUMENTS) as ours, more_processes(ours, processes - 1) as others:
        return asyncio.run(_measure(ours, [ours.url, *others], sockets, turns))


@contextmanager
def more_processes(ours: Installed, count: int) -> Iterator[list[str]]:
    """Further API servers on the same installation; their URLs."""
    with ExitStack() as stack:
        yield [stack.enter_context(another_server(ours))[0] for _ in range(count)]


async def _measure(ours: Installed, urls: Sequence[str], sockets: int, turns: int) -> tuple[list[Wave], BudgetOutcome]:
    tokens = ours.tokens(sockets)
    opened = [
        socket
        for number, url in enumerate(urls)
        for socket in await open_sockets(url.replace("http", "ws", 1) + "/v1/chat", tokens[number :: len(urls)])
    ]
    first = [await ask(opened[n], f"first-{n}", QUESTION) for n in range(min(CALIBRATING, sockets))]
    price = max(Decimal(one.completed["cost_usd"]) for one in first)
    await asyncio.to_thread(ours.wait_for_costs)
    before = Decimal((await _budget(ours))["used_usd"])
    limit = before + turns * price
    await _budget(ours, limit_usd=str(limit), period="month")
    await asyncio.sleep(3)  # other processes look at a tenant's settings every two seconds
    waves, refused_wrongly, over = list[Wave](), 0, False
    for number in range(WAVES):
        seen = await ask_all(opened, QUESTION, f"wave-{number}")
        wave, wrong = _wave(number, seen, (await _budget(ours))["used_usd"])
        waves.append(wave)
        refused_wrongly += wrong
        if over:
            break
        over = wave.refused_for_good == sockets
        await asyncio.sleep(2)  # what a refusal says of money that is only reserved
    await close_all(opened)
    await asyncio.to_thread(ours.wait_for_costs)
    unequal, _ = await asyncio.to_thread(compare_ledgers, ours)
    spent = await asyncio.to_thread(_spent, ours)
    return waves, BudgetOutcome(
        processes=len(urls),
        limit_usd=f"{limit:f}",
        spent_usd=f"{spent:f}",
        spent_share=round(float(spent / limit), 4),
        answered=sum(wave.answered for wave in waves),
        answered_after=waves[-1].answered if over else -1,
        refused_wrongly=refused_wrongly,
        other_errors=sum(wave.other_errors for wave in waves),
        ledgers_unequal=unequal,
    )


def _wave(number: int, seen: Sequence[Seen], used: str) -> tuple[Wave, int]:
    """What a wave brought, and how many refusals do not say what they should."""
    errors: list[dict[str, Any]] = [
        json.loads(one.error) if one.error.startswith("{") else {"code": one.error} for one in seen if one.error
    ]
    money = [error for error in errors if error.get("code") == "budget_exceeded"]
    waits = [float(error.get("retry_after_s") or 0) for error in money]
    for error in {json.dumps(error) for error in errors if error not in money}:
        print("error:", error)  # noqa: T201  # a benchmark says what went wrong
    wave = Wave(
        wave=number,
        asked=len(seen),
        answered=sum(bool(one.completed) for one in seen),
        refused_for_now=sum(wait <= SOON_S for wait in waits),
        refused_for_good=sum(wait > SOON_S for wait in waits),
        other_errors=len(errors) - len(money),
        used_usd=used,
    )
    return wave, sum(wait <= 0 for wait in waits)


async def _budget(ours: Installed, **put: Any) -> dict[str, Any]:
    (token,) = ours.tokens(1, ["admin"])
    async with httpx.AsyncClient(base_url=ours.url, timeout=30, headers={"Authorization": f"Bearer {token}"}) as http:
        answer = await (http.put("/v1/budget", json=put) if put else http.get("/v1/budget"))
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _spent(ours: Installed) -> Decimal:
    """By the ledger, this month."""
    (token,) = ours.tokens(1, ["analyst"])
    answer = httpx.get(f"{ours.url}/v1/costs/summary", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return Decimal(answer.raise_for_status().json()["total_usd"])


@click.command()
@recordable
@click.option("--sockets", default=200, show_default=True, help="Turns at once.")
@click.option("--turns", default=20, show_default=True, help="For how many turns there is money.")
@click.option("--processes", default=2, show_default=True, help="API processes that share the budget.")
def budget(sockets: int, turns: int, processes: int) -> None:
    """Many turns at once against a budget for few: what was spent, and whether any was admitted after.

    Example: colloquy bench budget --processes 1
    """
    waves, outcome = run(sockets, turns, processes)
    click.echo(table(waves))
    click.echo(table([outcome]))
    keep({"spent of the limit": outcome.spent_share})
    for claim, held in outcome.verdicts():
        click.echo(f"{'PASS' if held else 'FAIL'}  {claim}")
    if not all(held for _, held in outcome.verdicts()):
        raise click.exceptions.Exit(1)
