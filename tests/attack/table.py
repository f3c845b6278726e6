"""What a run of attacks came to: a line a kind, and how long somebody who was not attacked waited meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.attack.attack import Attack, Result

WITHIN = 1.25
"""A bystander waits no longer than so many times what it waited before."""


class Turn(NamedTuple):
    """A turn of the bystander: when it began, and how long it waited for its first word; nothing when it failed."""

    at: float
    first_s: float


def table(attacks: Sequence[Attack], results: Sequence[Result], turns: Sequence[Turn]) -> list[str]:
    """A line for each kind that was begun, then the bystander's."""
    made = [result for result in results if result.began]
    if not made:
        return ["no attack was made"]
    kinds = {attack.id: attack.kind for attack in attacks}
    start = min(result.began for result in made)
    calm = [turn.first_s for turn in turns if turn.at < start]
    lines = [
        f"{'kind':<12}{'made':>6}{'wrong':>7}{'from s':>8}{'to s':>7}{'longest s':>11}  bystander, p50 beside before"
    ]
    for kind in dict.fromkeys(attack.kind for attack in attacks):
        of_kind = [result for result in made if kinds[result.id] == kind]
        if not of_kind:
            continue
        began, ended = min(one.began for one in of_kind), max(one.ended for one in of_kind)
        longest = max(one.ended - one.began for one in of_kind)
        wrong = sum(bool(one.wrong) for one in of_kind)
        beside = ratio([turn.first_s for turn in turns if began <= turn.at <= ended], calm, 50)
        lines.append(
            f"{kind:<12}{len(of_kind):>6}{wrong:>7}{began - start:>8.0f}{ended - start:>7.0f}{longest:>11.1f}"
            f"  {'-' if beside is None else f'{beside:.2f}'}"
        )
    return [
        *lines,
        f"{len(made)} attacks made",
        *_bystander(calm, [turn.first_s for turn in turns if turn.at >= start]),
    ]


def _bystander(calm: Sequence[float], during: Sequence[float]) -> list[str]:
    failed = sum(first <= 0 for first in [*calm, *during])
    found = ratio(during, calm, 50)
    if found is None:
        return ["the bystander was not watched long enough"]
    said = "within" if found <= WITHIN else "NOT within"
    shown = "; ".join(
        f"p{share} {at(during, share) * 1e3:.0f} ms beside {at(calm, share) * 1e3:.0f} before" for share in (50, 95)
    )
    return [
        f"first word of the bystander over {len(during)} turns, {failed} failed: {shown}",
        f"its median is {found:.2f} of what it was before: {said} {WITHIN}",
    ]


def ratio(during: Sequence[float], before: Sequence[float], share: int) -> float | None:
    """A percentile beside another's; None when there is nothing to compare."""
    if not any(first > 0 for first in during) or not any(first > 0 for first in before):
        return None
    return at(during, share) / at(before, share)


def at(waits: Sequence[float], share: int) -> float:
    """A percentile of what was answered."""
    ordered = sorted(first for first in waits if first > 0)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
