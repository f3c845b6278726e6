"""The fault wall: each way a model can fail, at each place of an answer, and what the client saw, waited and paid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import click
import httpx
import msgspec
from websockets.asyncio.client import connect

from application.clock import monotonic
from infra.bench.faults.fault_cells import FIRST_TOKEN_S, IDLE_S, REFUSED, Cell, cells
from infra.bench.faults.fault_verdict import FaultOutcome, WatchedTurn, judge
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

TURN_S = 60.0
AT_ONCE = 6
AFTER_DELTAS = 12
WITHIN_S = 60.0
LEDGER_S = 30.0


async def wall(ours: Installed, chosen: Sequence[Cell]) -> list[FaultOutcome]:
    """Run the cells, a few at once, and judge each."""
    async with httpx.AsyncClient(base_url=ours.bedrock_url, timeout=30) as stand_in, _admin(ours) as admin:
        await _ok(stand_in.post("/control/pace", json={"first_token_ms": 60, "token_ms": 8}))
        await prepare(admin)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(cell: Cell) -> FaultOutcome:
            async with gate:
                return await run_cell(ours, stand_in, admin, cell)

        return list(await asyncio.gather(*(one(cell) for cell in chosen)))


async def prepare(admin: httpx.AsyncClient) -> None:
    """The tool that cells with tools call: it reads a small dataset."""
    rows = "city,bags\nLeipzig,120\nBerlin,80\n"
    await _ok(admin.put("/v1/datasets/stock", files={"file": ("stock.csv", rows.encode())}))
    tool = {
        "description": "How many bags of coffee are in stock in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "query": {"dataset": "stock", "sql": "SELECT city, bags FROM stock WHERE city = :city"},
    }
    await _ok(admin.put("/v1/tools/stock_of_city", json=tool))


async def run_cell(ours: Installed, stand_in: httpx.AsyncClient, admin: httpx.AsyncClient, cell: Cell) -> FaultOutcome:
    """One turn without a fault, for its text; the same with it."""
    assistant = {"models": cell.models(), "plan": "lean", "tools": ["stock_of_city"] if cell.tool else []}
    await _ok(admin.put(f"/v1/assistants/{cell.marker}", json=assistant | {"documents": not cell.tool}))
    asked = 'How many bags are in stock in the city "Leipzig"?' if cell.tool else QUESTION
    whole = await turn(ours, cell.marker, f"{asked} ({cell.marker}a)")
    for family in ("sonnet", "haiku") if cell.fallback == "fails too" else ("sonnet",):
        order = {"kind": cell.kind, "model": f"{family}-4-5-{cell.dated}", "match": f"{cell.marker}b"}
        after = 0 if cell.kind in REFUSED or cell.kind == "hang" else AFTER_DELTAS
        times = 8 if cell.fallback == "fails too" else 2 if cell.kind in REFUSED else 1
        await _ok(stand_in.post("/control/faults", json=order | {"after_deltas": after, "times": times}))
    seen = await turn(ours, cell.marker, f"{asked} ({cell.marker}b)")
    expected = whole.text.replace(f"{cell.marker}a", f"{cell.marker}b")
    attempts, in_ledger, marked = await books(ours, stand_in, seen)
    return judge(cell, seen, expected, attempts, in_ledger, marked)


async def turn(ours: Installed, assistant: str, question: str) -> WatchedTurn:
    """Ask on a socket of its own, to the end and a little further: nothing may follow a terminal frame."""
    url = ours.url.replace("http", "ws", 1) + "/v1/chat"
    (token,) = ours.tokens(1)
    watched = WatchedTurn()
    async with asyncio.timeout(WITHIN_S), connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        await ws.send(json.dumps({"type": "session.open", "assistant": assistant}))
        await ws.recv()
        began = monotonic()
        await ws.send(json.dumps({"type": "turn.create", "id": "t", "text": question, "cache": "bypass"}))
        while not watched.terminal:
            watched.add(json.loads(await ws.recv()), began)
            if watched.frames[-1][1]["type"] == "error":
                raise RuntimeError(f"the turn was refused: {watched.frames[-1][1]}")
        await ws.send('{"type":"ping"}')
        while watched.frames[-1][1]["type"] != "pong":
            watched.add(json.loads(await ws.recv()), began)
    return watched


async def books(ours: Installed, stand_in: httpx.AsyncClient, seen: WatchedTurn) -> tuple[int, int, bool]:
    """How many calls of the turn the provider counted, how many are lines of ours with the same call ids, and whether
    a line that is an estimate says so."""
    turn_id = seen.terminal[0]["turn_id"]
    deadline = monotonic() + LEDGER_S
    while True:
        calls = (await _ok(stand_in.get("/control/calls"))).json()["calls"]
        theirs = {call["call_id"]: call for call in calls if call["metadata"].get("turn_id") == turn_id}
        found = {line["call_id"]: line for line in await lines_of(ours) if line["turn_id"] == turn_id}
        if (theirs and set(theirs) <= set(found)) or monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    marked = all(found[i]["estimated"] or _same(found[i], call) for i, call in theirs.items() if i in found)
    return len(theirs), len(set(theirs) & set(found)), marked


async def lines_of(ours: Installed) -> list[dict[str, Any]]:
    """All cost lines of the first tenant."""
    (token,) = ours.tokens(1, ["analyst"])
    lines: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        asked: dict[str, Any] = {"limit": 1000}
        while True:
            page = (await _ok(http.get("/v1/costs/lines", params=asked))).json()
            lines += page["lines"]
            if not page["next"]:
                return lines
            asked["cursor"] = page["next"]


def _same(line: dict[str, Any], call: dict[str, Any]) -> bool:
    return bool(line["input_tokens"] == call["input_tokens"] and line["output_tokens"] == call["output_tokens"])


@asynccontextmanager
async def _admin(ours: Installed) -> Any:
    (token,) = ours.tokens(1, ["admin"])
    async with httpx.AsyncClient(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        yield http


async def _ok(request: Any) -> httpx.Response:
    response: httpx.Response = await request
    if response.is_error:
        raise RuntimeError(f"{response.request.method} {response.request.url.path}: {response.text[:300]}")
    return response


def run(only: str = "") -> list[FaultOutcome]:
    """The whole wall on an installation of its own, or the faults whose name has `only`."""
    chosen = [cell for cell in cells() if only in cell.fault]
    with installed(
        1,
        DOCUMENTS,
        COLLOQUY_FIRST_TOKEN_S=str(FIRST_TOKEN_S),
        COLLOQUY_STREAM_IDLE_S=str(IDLE_S),
        COLLOQUY_TURN_S=str(TURN_S),
    ) as ours:
        return asyncio.run(wall(ours, chosen))


@click.command()
@recordable
@click.option("--only", default="", help="Only faults whose name holds this, such as `mid-stream`.")
@click.option("--json", "as_json", is_flag=True)
def faults(only: str, as_json: bool) -> None:
    """The fault wall: every way a model can fail, and what the client saw, lost, waited and paid.

    Example: colloquy bench faults --only throttled
    """
    rows = run(only)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({"cells that hold": sum(row.ok for row in rows) / len(rows)} if rows else {})
    if not all(row.ok for row in rows):
        raise click.exceptions.Exit(1)
