"""What the fault wall is made of: the ways a model can fail, and the places of an answer where it may."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

FIRST_TOKEN_S, IDLE_S = 2.0, 1.5
"""The deadlines of the wall's installation."""

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

    @property
    def dated(self) -> str:
        """What ends the ids of this cell's models."""
        return f"2025{self.number:04d}-v1:0"

    def models(self) -> dict[str, str]:
        """Model ids of its own, told apart by their dates, so that no cell's failures open another's breaker."""
        return {
            "balanced": f"us.anthropic.claude-sonnet-4-5-{self.dated}",
            "fast": f"us.anthropic.claude-haiku-{'5-5' if self.fallback == 'begins anew' else '4-5'}-{self.dated}",
        }


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
