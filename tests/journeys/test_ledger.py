"""The ledger of a whole installation: cancelled streams are counted to their end, cut ones are put right by the log."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest

from application.clock import now, rfc3339
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import chatting, hold_answers, reading, set_pace

pytestmark = pytest.mark.real
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


async def lines_of(ours: Installed, turn_id: str, step: str = "answer_from_documents") -> list[dict[str, Any]]:
    """The turn's lines in the costs, once the calls of that step have been settled."""
    with reading(ours, "analyst") as http:
        async with asyncio.timeout(60):
            while True:
                lines = http.get("/v1/costs/lines", params={"limit": 1000}).raise_for_status().json()["lines"]
                found = [line for line in lines if (line["turn_id"], line["step"]) == (turn_id, step)]
                if found:
                    return found
                await asyncio.sleep(0.1)


def counted_by_the_provider(ours: Installed, call_id: str) -> dict[str, int]:
    asked = {"call_id": call_id}
    (call,) = httpx.get(f"{ours.bedrock_url}/control/calls", params=asked, timeout=10).json()["calls"]
    return {kind: call[kind] for kind in TOKENS}


def cut_once(ours: Installed, match: str) -> None:
    """Have the stand-in cut the next answer to a prompt that holds these words."""
    cut = {"kind": "cut", "operation": "ConverseStream", "after_deltas": 3, "times": 1, "match": match}
    httpx.post(f"{ours.bedrock_url}/control/faults", json=cut, timeout=10).raise_for_status()


async def colloquy(ours: Installed, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command on the installation; its exit code and the JSON that it prints."""
    command = (sys.executable, "-m", "api.cli", *arguments, "--json", "--data-dir", str(ours.data_dir))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert out, err.decode()
    return process.returncode or 0, json.loads(out)


async def test_a_cancelled_stream_is_counted_to_its_end(ours: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="cancelled", text=QUESTION, cache="bypass")
        delta = await chat.until("turn.delta")
        await chat.send(type="turn.cancel", id="stop", turn_id=delta["turn_id"])
        assert (await chat.until("turn.completed"))["status"] == "cancelled"
    set_pace(ours)
    (line,) = await lines_of(ours, delta["turn_id"])
    assert not line["estimated"]
    assert {kind: line[kind] for kind in TOKENS} == counted_by_the_provider(ours, line["call_id"])


async def test_what_a_cut_stream_left_open_is_put_right_by_the_log(ours: Installed) -> None:
    since = rfc3339(now())
    set_pace(ours)
    cut_once(ours, "cut this one")
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="cut", text=f"{QUESTION} (cut this one)", cache="bypass")
        end = await chat.until("turn.completed", "turn.failed")
    guess = next(line for line in await lines_of(ours, end["turn_id"]) if line["failure"])
    assert guess["estimated"]

    dry, said = await colloquy(ours, "reconcile", "--from", since, "--grace", "0", "--dry-run")
    assert (dry, said["corrected"], said["applied"]) == (0, 1, False)
    assert said["drift_usd"] == said["drift_before_usd"] != "0"
    code, said = await colloquy(ours, "reconcile", "--from", since, "--grace", "0")
    assert (code, said["corrected"], said["missing"], said["extra"], said["drift_usd"]) == (0, 1, 0, 0, "0")
    (difference,) = said["differences"]
    assert (difference["kind"], difference["call_id"]) == ("corrected", guess["call_id"])
    code, again = await colloquy(ours, "reconcile", "--from", since, "--grace", "0")
    assert (code, again["corrected"], again["matched"]) == (0, 0, again["calls"])

    await asyncio.to_thread(ours.wait_for_costs)
    line = next(line for line in await lines_of(ours, end["turn_id"]) if line["call_id"] == guess["call_id"])
    assert (line["estimated"], line["corrected"]) == (False, True)
    assert {kind: line[kind] for kind in TOKENS} == counted_by_the_provider(ours, line["call_id"])


async def test_costs_agree_wherever_they_are_read_also_at_a_price_of_the_tenants_own(ours: Installed) -> None:
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="priced", text=f"{QUESTION} (at which price?)", cache="bypass")
        end = await chat.until("turn.completed")
    await lines_of(ours, end["turn_id"])
    tenant = ("--tenant", ours.tenants[0])
    _, login = await colloquy(ours, "tenant", "bi-login", "create", *tenant)

    async def read() -> str:
        """The total, which is the same on every way to it."""
        await asyncio.to_thread(ours.wait_for_costs)
        with reading(ours, "analyst") as http:
            total = str(http.get("/v1/costs/summary").raise_for_status().json()["total_usd"])
        _, happened = await colloquy(ours, "what-if", *tenant)
        assert happened["recorded_usd"] == happened["what_if_usd"] == total
        async with await psycopg.AsyncConnection.connect(login["url"]) as reports:
            cursor = await reports.execute("SELECT sum(cost_usd)::text FROM costs")
            assert await cursor.fetchone() == (total,)
        return total

    listed = Decimal(await read())
    price = ("--model", "sonnet", "--from", "2026-01-01T00:00:00Z", "--input", "1", "--output", "2")
    _, done = await colloquy(ours, "tenant", "price", *tenant, *price)
    assert done["calls"] > 0
    assert Decimal(await read()) == listed - Decimal(done["old_usd"]) + Decimal(done["new_usd"]) != listed
    assert (await colloquy(ours, "tenant", "bi-login", "drop", *tenant))[1] == {"dropped": True}
