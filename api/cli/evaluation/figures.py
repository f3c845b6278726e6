"""What an answer came to, and the sums over an assistant's: to compare two of them, or one with itself before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from decimal import Decimal

import msgspec

LATE = 0.95


class EvaluatedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one assistant. `recall` is the share of what was expected that the passages hold which were found
    for it; None when nothing was expected, or nothing was looked for since the answer was kept. `grounded` is what the
    step `check_grounding` said; None when it did not run."""

    assistant: str
    question: str
    status: str
    answer: str = ""
    recall: float | None = None
    answered: float | None = None
    grounded: bool | None = None
    unsupported: tuple[str, ...] = ()
    refused: bool = False
    cached: str = ""
    citations: int = 0
    cost_usd: Decimal = Decimal(0)
    ttft_ms: int = 0
    ms: int = 0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one assistant's run. Shares are of the questions that they can be told of (`None`: of none)."""

    assistant: str
    questions: int
    failed: int
    recall: float | None
    answered: float | None
    grounded: float | None
    checked: int
    refused: float
    cached_exact: float
    cached_semantic: float
    citations: float
    unsourced: float
    cost_usd: Decimal
    ttft_p50_ms: float
    ttft_p95_ms: float


def sum_up(assistant: str, asked: Sequence[EvaluatedAnswer]) -> Figures:
    """Of one assistant's questions, of which there is one at least."""
    done = [one for one in asked if one.status == "completed"]
    first = [one.ttft_ms for one in done]
    return Figures(
        assistant=assistant,
        questions=len(asked),
        failed=len(asked) - len(done),
        recall=_mean([one.recall for one in done]),
        answered=_mean([one.answered for one in done]),
        grounded=_mean([None if one.grounded is None else float(one.grounded) for one in done]),
        checked=sum(one.grounded is not None for one in done),
        refused=_share(done, sum(one.refused for one in done)),
        cached_exact=_share(done, sum(one.cached == "exact" for one in done)),
        cached_semantic=_share(done, sum(one.cached == "semantic" for one in done)),
        citations=_share(done, sum(one.citations for one in done)),
        unsourced=_share(done, sum(one.citations == 0 for one in done)),
        cost_usd=sum((one.cost_usd for one in asked), Decimal(0)),
        ttft_p50_ms=statistics.median(first) if first else 0,
        ttft_p95_ms=sorted(first)[min(len(first) - 1, int(LATE * len(first)))] if first else 0,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.mean(known), 4) if known else None


def _share(done: Sequence[EvaluatedAnswer], count: int) -> float:
    return round(count / len(done), 4) if done else 0.0
