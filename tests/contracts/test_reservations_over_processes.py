"""Processes that know nothing of each other share one budget in Valkey, also when it forgets and when one is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import valkey.asyncio

from adapters.valkey.reservations import ValkeyReservations
from application.budget.budget_gate import BudgetGate
from application.budget.process_limits import Admission
from application.clock import new_id
from domain.model_calls import ModelCallStarted, settle
from domain.refusals import BudgetExceeded, RateLimited
from domain.tenant.budget import Budget
from domain.tenant.state import Tenant
from domain.usage import Usage
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.small_ports import FixedTenants

pytestmark = pytest.mark.real
MODEL = "global.anthropic.claude-haiku-4-5"
CENT = Decimal("0.01")
ESTIMATE, TRUTH = Usage(output_tokens=2000), Usage(output_tokens=1500)  # a cent, and three quarters of it
LIMIT = 20 * CENT
OF_MONEY = Budget(limit_usd=LIMIT, concurrent_turns=2, requests_per_minute=100_000)


class Budgeted(FixedTenants):
    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        return Tenant(name=tenant, budget=self.budget)


def gate_on(url: str, budget: Budget = OF_MONEY) -> BudgetGate:
    """The gate of one process, whose ledger never hears of anything: only the shared counts hold the budget."""
    admission = Admission(turns=100, turns_per_tenant=20, requests_per_minute=100)
    shared = ValkeyReservations(valkey.asyncio.from_url(url))
    return BudgetGate(Budgeted(budget), admission, shared, FixedSpending(), permit_ttl_s=0.5)


async def one_process(url: str, tenant: str, calls: int) -> int:
    """So many calls at once; how many were let in, and settled."""
    gate = gate_on(url)

    async def one() -> int:
        started = ModelCallStarted(call_id=new_id(), step="answer", model=MODEL, user="ada", estimate=ESTIMATE)
        try:
            reservation = await gate.calls.reserve(tenant, "ada", started)
        except BudgetExceeded:
            return 0
        await gate.calls.settle(reservation, settle(started, TRUTH))
        return 1

    return sum([sum(await asyncio.gather(*(one() for _ in range(20)))) for _ in range(calls // 20)])


async def ask(url: str, tenant: str, requests: int, limit: str) -> list[float]:
    """So many requests and turns in turn; how many were let in, and when the first and the last was asked for."""
    gate = gate_on(url, Budget(requests_per_minute=100 if limit == "own" else None))
    began, let_in = time.time(), 0
    for n in range(requests):
        try:
            if n % 2:
                await gate.permits.admit(tenant, "ada", f"{n}")
                await gate.permits.leave(tenant, "ada", f"{n}")
            else:
                await gate.requests.count(tenant, "ada")
            let_in += 1
        except RateLimited:
            continue
    return [let_in, began, time.time()]


async def flood(url: str, tenant: str, requests: int) -> list[float]:
    """So many requests at once, of a hundred users; as `ask`."""
    gate = gate_on(url, Budget(requests_per_minute=100))
    began, asked = time.time(), (gate.requests.count(tenant, f"user-{n % 100}") for n in range(requests))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(one is None or isinstance(one, RateLimited) for one in found), found
    return [found.count(None), began, time.time()]


async def hold_places(url: str, tenant: str) -> None:
    """Takes every place and never gives one back."""
    gate = gate_on(url)
    for turn in ("a", "b"):
        await gate.permits.admit(tenant, "ada", turn)
    print("held", flush=True)  # noqa: T201
    await asyncio.sleep(3600)


async def started(*args: Any) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    module, root = f"tests.contracts.{Path(__file__).stem}", Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, *map(str, args), stdout=pipe, cwd=root)


@pytest.fixture
async def shared(endpoints: Any) -> AsyncIterator[tuple[str, Any]]:
    client = valkey.asyncio.from_url(endpoints.valkey_url)
    yield endpoints.valkey_url, client
    await client.aclose()


async def test_two_processes_spend_the_limit_and_no_more(shared: tuple[str, Any]) -> None:
    (url, _), tenant = shared, new_id()
    processes = [await started("spend", url, tenant, 100) for _ in range(2)]
    said = [json.loads((await asyncio.wait_for(process.communicate(), 60))[0]) for process in processes]
    assert sum(said) * CENT * 3 / 4 <= LIMIT < (sum(said) + 2) * CENT, said
    assert await one_process(url, tenant, 20) == 0, "a third finds it used up, whatever its own ledger says"


@pytest.mark.parametrize("limit", ["own", "default"])
async def test_two_processes_let_in_so_many_requests_and_no_more(shared: tuple[str, Any], limit: str) -> None:
    """All that a full bucket holds, and what it gained meanwhile: 100 a minute are 5 in three seconds."""
    (url, _), tenant = shared, new_id()
    processes = [await started("ask", url, tenant, 150, limit) for _ in range(2)]
    said = [json.loads((await asyncio.wait_for(process.communicate(), 60))[0]) for process in processes]
    let_in = sum(count for count, _, _ in said)
    lasted = max(ended for _, _, ended in said) - min(began for _, began, _ in said)
    assert 100 <= let_in <= 101 + lasted * 100 / 60, said


async def test_a_flood_lets_in_no_more(shared: tuple[str, Any]) -> None:
    """Thousands at once in each process: they must not hold each other up so long that a process decides alone."""
    (url, _), tenant = shared, new_id()
    processes = [await started("flood", url, tenant, 4_000) for _ in range(2)]
    said = [json.loads((await asyncio.wait_for(process.communicate(), 60))[0]) for process in processes]
    let_in = sum(count for count, _, _ in said)
    lasted = max(ended for _, _, ended in said) - min(began for _, began, _ in said)
    assert 100 <= let_in <= 101 + lasted * 100 / 60, said


async def test_a_flush_in_between_lets_nobody_spend_twice(shared: tuple[str, Any]) -> None:
    (url, client), tenant = shared, new_id()
    here, there = gate_on(url), gate_on(url)
    let_in = 0

    async def wave(gate: BudgetGate) -> None:
        nonlocal let_in
        for _ in range(7):
            call = ModelCallStarted(call_id=new_id(), step="answer", model=MODEL, user="ada", estimate=ESTIMATE)
            try:
                await gate.calls.settle(await gate.calls.reserve(tenant, "ada", call), settle(call, ESTIMATE))
            except BudgetExceeded:
                continue
            let_in += 1

    await asyncio.gather(wave(here), wave(there))
    keys = [key async for key in client.scan_iter(match=f"{{{tenant}}}*")]
    assert let_in == 14 and keys
    await client.delete(*keys)
    for gate in (here, there):
        await gate.account(tenant)
    await asyncio.gather(wave(here), wave(there))
    assert let_in == 20


async def test_a_killed_process_loses_its_places(shared: tuple[str, Any]) -> None:
    (url, _), tenant = shared, new_id()
    holder = await started("hold", url, tenant)
    assert holder.stdout and await asyncio.wait_for(holder.stdout.readline(), 30) == b"held\n"
    holder.send_signal(signal.SIGKILL)
    await holder.wait()
    gate = gate_on(url)
    async with asyncio.timeout(20):
        for turn in ("c", "d"):
            while True:
                try:
                    await gate.permits.admit(tenant, "ada", turn)
                    break
                except RateLimited:
                    continue


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "spend":
        print(asyncio.run(one_process(rest[0], rest[1], int(rest[2]))))  # noqa: T201
    elif what == "flood":
        print(json.dumps(asyncio.run(flood(rest[0], rest[1], int(rest[2])))))  # noqa: T201
    elif what == "ask":
        print(json.dumps(asyncio.run(ask(rest[0], rest[1], int(rest[2]), rest[3]))))  # noqa: T201
    else:
        asyncio.run(hold_places(rest[0], rest[1]))
