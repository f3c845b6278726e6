"""The fault wall: each way a model can fail, at each place of an answer, and what the client saw, waited and paid."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import httpx
import msgspec
from websockets.asyncio.client import connect

from infra.bench.handbook import DOCUMENTS, QUESTION
from infra.bench.installation import Installed, installed

FIRST_TOKEN_S, IDLE_S, TURN_S = 2.0, 1.5, 60.0
AT_ONCE = 6
AFTER_DELTAS = 12
BEYOND_S = 5.0
HONEST_S = 2.0
WITHIN_S = 60.0
LEDGER_S = 30.0

FAULTS: dict[str, str] = {
    "throttled": "throttle",
    "503 unavailable": "unavailable",
    "500 internal": "internal",
    "408 model timeout": "timeout",
    "424 model error": "model_error",
    "validation": "validation",
    "model not ready": "not_ready",
    "expired credentials": "expired_token",
    "access denied": "access_denied",
    "hung before the first byte": "hang",
    "stalled in mid-stream": "stall",
    "cut in mid-stream": "cut",
    "ended without its end": "clean_cut",
    "corrupt frame": "corrupt",
    "malformed event": "malformed",
    "error event in mid-stream": "error_event",
    "throttled in mid-stream": "throttle_event",
    "internal in mid-stream": "internal_event",
    "model error in mid-stream": "model_error_event",
}
REFUSED = {"throttle", "unavailable", "internal", "timeout", "model_error", "validation", "not_ready", "expired_token",
           "access_denied"}  # fmt: skip

Fallback = Literal["well", "begins anew", "fails too"]
"""What the other model does: goes on, takes no beginning of an answer, or fails in the same way."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A fault at a place: while text streams or while a tool call does, and what the other model makes of it."""

    fault: str
    tool: bool
    fallback: Fallback
    number: int

    @property
    def kind(self) -> str:
        """The stand-in's name of the fault."""
        return FAULTS[self.fault]

    @property
    def marker(self) -> str:
        """What marks this cell's requests."""
        return f"cell-{self.number}"

    def models(self) -> dict[str, str]:
        """Model ids of its own, so that no cell's failures open another's breaker."""
        return {
            "balanced": f"us.anthropic.claude-sonnet-4-5-{self.marker}",
            "fast": f"us.anthropic.claude-haiku-{'9' if self.fallback == 'begins anew' else '4-5'}-{self.marker}",
        }


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a cell. `beyond_s`: from the detection of the failure to the next text, or to the honest end."""

    fault: str
    on: str
    fallback: str
    saw: str
    chars_wrong: int
    beyond_s: float
    attempts: int
    in_ledger: int
    terminal_frames: int
    ok: bool
    why: str = ""


@dataclass
class Watched:
    """Frames of a turn with the time (seconds since `turn.create`) each came."""

    frames: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def add(self, frame: dict[str, Any], began: float) -> None:
        """One more came now."""
        self.frames.append((time.monotonic() - began, frame))

    def of(self, *types: str) -> list[tuple[float, dict[str, Any]]]:
        """Those of these types."""
        return [(at, frame) for at, frame in self.frames if frame["type"] in types]

    @property
    def text(self) -> str:
        """The deltas after the last reset."""
        text = ""
        for _, frame in self.of("turn.delta", "turn.reset"):
            text = text + frame["delta"] if frame["type"] == "turn.delta" else ""
        return text

    @property
    def terminal(self) -> list[dict[str, Any]]:
        """What ended it."""
        return [frame for _, frame in self.of("turn.completed", "turn.failed")]


def cells() -> list[Cell]:
    """All of them."""
    found = [
        (fault, tool, fallback)
        for fault, kind in FAULTS.items()
        for tool in (False, True)
        for fallback in get_args(Fallback)
        if fallback != "begins anew" or kind not in REFUSED | {"hang"}
    ]
    return [Cell(fault=f, tool=t, fallback=b, number=n) for n, (f, t, b) in enumerate(found)]


async def wall(ours: Installed, chosen: Sequence[Cell]) -> list[Outcome]:
    """Run the cells, a few at once, and judge each."""
    async with httpx.AsyncClient(base_url=ours.bedrock_url, timeout=30) as stand_in, _admin(ours) as admin:
        await _ok(stand_in.post("/control/pace", json={"first_token_ms": 60, "token_ms": 8}))
        await prepare(admin)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(cell: Cell) -> Outcome:
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


async def run_cell(ours: Installed, stand_in: httpx.AsyncClient, admin: httpx.AsyncClient, cell: Cell) -> Outcome:
    """One turn without a fault, for its text; the same with it."""
    assistant = {"models": cell.models(), "plan": "lean", "tools": ["stock_of_city"] if cell.tool else []}
    await _ok(admin.put(f"/v1/assistants/{cell.marker}", json=assistant | {"documents": not cell.tool}))
    asked = 'How many bags are in stock in the city "Leipzig"?' if cell.tool else QUESTION
    whole = await turn(ours, cell.marker, f"{asked} ({cell.marker}a)")
    for family in ("sonnet", "haiku") if cell.fallback == "fails too" else ("sonnet",):
        order = {"kind": cell.kind, "model": f"{family}-4-5-{cell.marker}", "match": f"{cell.marker}b"}
        after = 0 if cell.kind in REFUSED or cell.kind == "hang" else AFTER_DELTAS
        times = 8 if cell.fallback == "fails too" else 2 if cell.kind in REFUSED else 1
        await _ok(stand_in.post("/control/faults", json=order | {"after_deltas": after, "times": times}))
    seen = await turn(ours, cell.marker, f"{asked} ({cell.marker}b)")
    expected = whole.text.replace(f"{cell.marker}a", f"{cell.marker}b")
    attempts, in_ledger, marked = await books(ours, stand_in, seen)
    return judge(cell, seen, expected, attempts, in_ledger, marked)


async def turn(ours: Installed, assistant: str, question: str) -> Watched:
    """Ask on a socket of its own, to the end and a little further: nothing may follow a terminal frame."""
    url = ours.url.replace("http", "ws", 1) + "/v1/chat"
    (token,) = ours.tokens(1)
    watched = Watched()
    async with asyncio.timeout(WITHIN_S), connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        await ws.send(json.dumps({"type": "session.open", "assistant": assistant}))
        await ws.recv()
        began = time.monotonic()
        await ws.send(json.dumps({"type": "turn.create", "id": "t", "text": question, "cache": "bypass"}))
        while not watched.terminal:
            watched.add(json.loads(await ws.recv()), began)
            if watched.frames[-1][1]["type"] == "error":
                raise RuntimeError(f"the turn was refused: {watched.frames[-1][1]}")
        await ws.send('{"type":"ping"}')
        while watched.frames[-1][1]["type"] != "pong":
            watched.add(json.loads(await ws.recv()), began)
    return watched


async def books(ours: Installed, stand_in: httpx.AsyncClient, seen: Watched) -> tuple[int, int, bool]:
    """How many calls of the turn the provider counted, how many are lines of ours with the same call ids, and whether
    a line that is an estimate says so."""
    turn_id = seen.terminal[0]["turn_id"]
    deadline = time.monotonic() + LEDGER_S
    while True:
        calls = (await _ok(stand_in.get("/control/calls"))).json()["calls"]
        theirs = {call["call_id"]: call for call in calls if call["metadata"].get("turn_id") == turn_id}
        found = {line["call_id"]: line for line in await lines_of(ours) if line["turn_id"] == turn_id}
        if (theirs and set(theirs) <= set(found)) or time.monotonic() > deadline:
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


def judge(cell: Cell, seen: Watched, expected: str, attempts: int, in_ledger: int, marked: bool) -> Outcome:
    """Whether the cell is as it must be, and if not, why."""
    (end,) = seen.terminal[:1]
    must_fail = cell.fallback == "fails too" or cell.kind == "validation"
    wrong = characters_wrong(seen.text, expected, whole=not must_fail)
    beyond = waited(cell, seen)
    complaints = []
    if wrong:
        complaints.append(f"{wrong} characters wrong")
    if (end["type"] == "turn.failed") != must_fail:
        complaints.append(f"ended as {end['type']}")
    if end["type"] == "turn.completed" and end["text"] != seen.text:
        complaints.append("deltas are not the text")
    if beyond > (HONEST_S if must_fail else BEYOND_S):
        complaints.append("too late")
    if in_ledger != attempts or not marked:
        complaints.append("the ledger differs")
    if attempts < (1 if cell.kind == "validation" else 2):
        complaints.append("the fault did not strike")
    if len(seen.terminal) != 1:
        complaints.append(f"{len(seen.terminal)} terminal frames")
    return Outcome(
        fault=cell.fault,
        on="tool use" if cell.tool else "text",
        fallback=cell.fallback,
        saw=what_was_seen(seen),
        chars_wrong=wrong,
        beyond_s=round(beyond, 2),
        attempts=attempts,
        in_ledger=in_ledger,
        terminal_frames=len(seen.terminal),
        ok=not complaints,
        why="; ".join(complaints),
    )


def characters_wrong(text: str, expected: str, *, whole: bool) -> int:
    """Characters lost, repeated or changed: all of the answer must be there, or for one that failed its beginning."""
    if whole or not expected.startswith(text):
        same = (
            sum(1 for _ in zip(text, expected, strict=False)) if expected.startswith(text) else common(text, expected)
        )
        return max(len(text), len(expected)) - same if whole else len(text) - same
    return 0


def common(a: str, b: str) -> int:
    """How many characters both begin with."""
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def waited(cell: Cell, seen: Watched) -> float:
    """Seconds from when the last failure could be known to the next text or to the end."""
    moved = [at for at, _ in seen.of("turn.model_failed_over")]
    end = seen.of("turn.completed", "turn.failed")[0][0]
    texts = [at for at, _ in seen.of("turn.delta")]
    if cell.fallback == "fails too" or cell.kind == "validation":
        after = max([0.0, *moved, *(at for at in texts if at < end)])
        return max(0.0, end - after - deadline_of(cell))
    if not moved:
        return 0.0
    following = [at for at in texts if at > moved[-1]]
    return (following[0] if following else end) - moved[-1]


def deadline_of(cell: Cell) -> float:
    """How long the fault may go unnoticed."""
    return {"hang": FIRST_TOKEN_S, "stall": IDLE_S}.get(cell.kind, 0.0)


def what_was_seen(seen: Watched) -> str:
    """In words."""
    end = seen.terminal[0]
    parts = []
    if seen.of("turn.model_failed_over"):
        at = seen.of("turn.model_failed_over")[-1][1]["at_char"]
        parts.append("other model" if not at else f"other model at {at}")
    if seen.of("turn.reset"):
        parts.append("reset")
    parts.append("completed" if end["type"] == "turn.completed" else end["error"]["code"])
    return ", ".join(parts)


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


def run(only: str = "") -> list[Outcome]:
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
