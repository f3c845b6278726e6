"""What recorded calls would have cost otherwise: other models, another plan, no caches; computed, nothing is called."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from application.gateway.embedding import STEP as EMBED
from application.plan.plan import PRESETS
from application.steps.catalogue import STEPS
from domain.models import OF_FAMILY, row_of
from domain.refusals import InvalidField
from domain.usage import Usage, cost_of, family_of, without_prompt_cache

OF_A_STEP = "step:"
NOTHING = Decimal(0)
SAME_TOKENS = "another model reads and writes as many tokens as the one that was asked"
CACHE_PRICE = "an answer that came from a cache would have cost what it cost when it was first given"
NO_READS = "without the prompt cache, what it gave and took would have been plain input"
FEWER_STEPS = "without the steps that the plan leaves out, the others would have cost the same"


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as the costs have it: what it used, and what that cost (US dollars)."""

    step: str
    model: str
    usage: Usage
    cost_usd: Decimal


class CachedAnswers(msgspec.Struct, frozen=True):
    """How many answers came from caches, and what they saved (US dollars)."""

    answers: int = 0
    saved_usd: Decimal = NOTHING


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been different. `models` are pairs: from a model, a family or `step:NAME`, to a model or a
    family; the first that fits counts. `plan` is a preset, empty for the plans that were; `no_cache` leaves out the
    caches of answers and the prompt cache."""

    models: tuple[tuple[str, str], ...] = ()
    plan: Literal["", "lean", "standard", "thorough"] = ""
    no_cache: bool = False


class WhatIfPart(msgspec.Struct, kw_only=True):
    """Calls of one step and model: what they cost, and what they would have. An empty `what_if_model`: left out."""

    step: str
    model: str
    what_if_model: str
    calls: int = 0
    recorded_usd: Decimal = NOTHING
    what_if_usd: Decimal = NOTHING


class WhatIfSums(msgspec.Struct, kw_only=True):
    """Sums in US dollars. `answer_caches_usd` is what the answers from caches would have added. `steps_never_run` are
    of the plan asked about and in no recorded call: what they would have cost cannot be said, and is not in the sum."""

    calls: int = 0
    recorded_usd: Decimal = NOTHING
    what_if_usd: Decimal = NOTHING
    answer_caches_usd: Decimal = NOTHING
    parts: list[WhatIfPart]
    assumes: list[str]
    steps_never_run: list[str]


class WhatIf:
    """Takes each call as it was, and sums up as it would have been. Without a change both sums are equal, to the last
    digit: what is not changed costs what was recorded."""

    def __init__(self, change: Change) -> None:
        check_change(change)
        self._change = change
        self._parts: dict[tuple[str, str, str], WhatIfPart] = {}

    def add(self, call: RecordedCall) -> None:
        """One call more."""
        model = _model(call, self._change)
        key = (call.step, call.model, model)
        part = self._parts.setdefault(key, WhatIfPart(step=call.step, model=call.model, what_if_model=model))
        part.calls += 1
        part.recorded_usd += call.cost_usd
        part.what_if_usd += _cost(call, model, self._change)

    def outcome(self, cached: CachedAnswers) -> WhatIfSums:
        """The sums of all calls, and of what came from caches meanwhile."""
        found = sorted(self._parts.values(), key=lambda part: (-part.recorded_usd, part.step, part.model))
        added = cached.saved_usd if self._change.no_cache else NOTHING
        return WhatIfSums(
            calls=sum(part.calls for part in found),
            recorded_usd=sum((part.recorded_usd for part in found), NOTHING),
            what_if_usd=sum((part.what_if_usd for part in found), NOTHING) + added,
            answer_caches_usd=added,
            parts=found,
            assumes=_assumptions(self._change),
            steps_never_run=_never_run(self._change, {part.step for part in found}),
        )


def check_change(change: Change) -> None:
    """InvalidField says which model has no price, or which step there is not."""
    for source, target in change.models:
        step = source.removeprefix(OF_A_STEP)
        if source != step and step not in STEPS and step != EMBED:
            raise InvalidField(f"model: there is no step {step}")
        if row_of(target) is None:
            raise InvalidField(f"model: {target} has no price; those of {', '.join(OF_FAMILY)} have")


def _model(call: RecordedCall, change: Change) -> str:
    """Which model would have been asked; empty when none."""
    if change.plan and call.step in _left_out(change.plan):
        return ""
    for source, target in change.models:
        if source not in (call.model, family_of(call.model), OF_A_STEP + call.step):
            continue
        row = row_of(target)
        if row is None or (call.step == EMBED) == row.tools:
            raise InvalidField(f"model: {target} cannot do what {call.model} did in the step {call.step}")
        if target != family_of(target):
            return target
        # A family alone is asked as the call's own model was: through all regions, or through one.
        own = family_of(call.model) == target
        return call.model if own else f"global.{target}" if call.model.startswith("global.") else target
    return call.model


def _cost(call: RecordedCall, model: str, change: Change) -> Decimal:
    if not model:
        return NOTHING
    usage = without_prompt_cache(call.usage) if change.no_cache else call.usage
    return call.cost_usd if (model, usage) == (call.model, call.usage) else cost_of(model, usage)


def _left_out(plan: str) -> set[str]:
    """Steps of the catalogue that a plan has not. Who answers, answers in any plan."""
    return {name for name, step in STEPS.items() if name not in PRESETS[plan] and step.stage != "answer"}


def _never_run(change: Change, run: set[str]) -> list[str]:
    wanted = PRESETS[change.plan] if change.plan else ()
    return sorted(name for name in wanted if name in STEPS and STEPS[name].stage != "answer" and name not in run)


def _assumptions(change: Change) -> list[str]:
    made = [SAME_TOKENS] if change.models else []
    made += [FEWER_STEPS] if change.plan else []
    return made + ([CACHE_PRICE, NO_READS] if change.no_cache else [])
