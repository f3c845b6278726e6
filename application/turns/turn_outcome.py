"""What a turn has come to so far: plain data, written while it runs and stored when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from application.clock import monotonic
from application.gateway.call_log import SpentSoFar
from application.plan.citations import CitationReader, Citations
from domain.dependence import NOTHING, Audience, Dependence
from domain.session.events import FinishReason


@dataclass(slots=True)
class TurnOutcome:
    """`TurnOutput` writes `text`, its `citations`, `first_text` (on the monotonic clock, as `began`), `was_reset` and
    `full`; `TurnLog` what it `depends` on and what was `spent`; whoever answers `model`, `failed_over`,
    `finish_reason` and `tool_outputs`; `TurnExecutor` whether anything `follows` it; `RunningTurn` its end."""

    began: float = field(default_factory=monotonic)
    text: str = ""
    citations: Citations = field(default_factory=lambda: CitationReader(()))
    model: str = ""
    finish_reason: FinishReason = "incomplete"
    spent: SpentSoFar = field(default_factory=SpentSoFar)
    depends: Dependence = NOTHING
    tool_outputs: list[str] = field(default_factory=list)
    first_text: float | None = None
    failed_over: bool = False
    was_reset: bool = False
    full: bool = False
    follows: bool = False
    ended: bool = False
    completed: bool = False

    @property
    def audience(self) -> Audience:
        """To whom the answer may be given again, by all that the turn did: nobody if it is not whole, or was begun anew
        or by another model."""
        whole = self.finish_reason == "stop" and not (self.failed_over or self.was_reset)
        return self.depends.audience if whole else "nobody"
