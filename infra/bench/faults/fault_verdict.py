"""Whether a cell of the fault wall is as it must be, from what its client saw and what stands in the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import msgspec

from application.clock import monotonic
from infra.bench.faults.fault_cells import FIRST_TOKEN_S, IDLE_S, Cell

BEYOND_S, HONEST_S = 5.0, 2.0
"""How long after the failure could be known the next text, or the honest end, may come."""


class FaultOutcome(msgspec.Struct, frozen=True, kw_only=True):
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
class WatchedTurn:
    """Frames of a turn with the time (seconds since `turn.create`) each came."""

    frames: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def add(self, frame: dict[str, Any], began: float) -> None:
        """One more came now."""
        self.frames.append((monotonic() - began, frame))

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


def judge(cell: Cell, seen: WatchedTurn, expected: str, attempts: int, in_ledger: int, marked: bool) -> FaultOutcome:
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
    return FaultOutcome(
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
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, expected, strict=False)))
    return max(len(text), len(expected) if whole else 0) - same


def waited(cell: Cell, seen: WatchedTurn) -> float:
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


def what_was_seen(seen: WatchedTurn) -> str:
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
