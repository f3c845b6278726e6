"""What recorded calls would have cost otherwise; and without a change, what they did."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from application.reconciliation.what_if import CachedAnswers, Change, RecordedCall, WhatIf, WhatIfSums
from domain.refusals import InvalidField
from domain.usage import Usage, cost_of

SONNET, HAIKU = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TITAN, GLOBAL = "amazon.titan-embed-text-v2:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
USED = Usage(1_003, 217, 411, 90, 30)
PLAIN = Usage(1_003 + 411 + 90, 217)
HITS = CachedAnswers(3, Decimal("0.012345678"))


def call(step: str, model: str, usage: Usage = USED) -> RecordedCall:
    return RecordedCall(step=step, model=model, usage=usage, cost_usd=cost_of(model, usage))


def asked(calls: list[RecordedCall], **change: Any) -> WhatIfSums:
    reckoning = WhatIf(Change(**change))
    for one in calls:
        reckoning.add(one)
    return reckoning.outcome(HITS)


def test_what_if_of_what_happened_is_what_happened_whatever_was_charged() -> None:
    draw, calls = random.Random(1), []
    for _ in range(500):
        usage = Usage(*(draw.randrange(9_999) for _ in range(4)))
        cost = Decimal(draw.randrange(10**12)) / 10**9  # by prices that nobody knows any more
        model = draw.choice([SONNET, HAIKU, GLOBAL, "a model without a price"])
        calls.append(RecordedCall(step=draw.choice(["rerank", "answer"]), model=model, usage=usage, cost_usd=cost))
    for change in ({}, {"models": (("sonnet", "sonnet"), ("haiku", "haiku"))}, {"plan": "thorough"}):
        outcome = asked(calls, **change)
        assert outcome.what_if_usd == outcome.recorded_usd == sum(one.cost_usd for one in calls)
        assert outcome.calls == sum(part.calls for part in outcome.parts) == 500


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"models": (("sonnet", "haiku"),)}, [cost_of(HAIKU, USED), cost_of("global.haiku", USED), "same", "same"]),
        ({"models": (("step:rerank", SONNET),)}, ["same", "same", cost_of(SONNET, USED), "same"]),
        ({"models": (("step:rerank", SONNET), (HAIKU, GLOBAL))}, ["same", "same", cost_of(SONNET, USED), "same"]),
        ({"plan": "lean"}, ["same", "same", 0, "same"]),
        ({"no_cache": True}, [cost_of(m, PLAIN) for m in (SONNET, GLOBAL, HAIKU)] + ["same", HITS.saved_usd]),
        (
            {"no_cache": True, "models": (("sonnet", "haiku"),)},
            [cost_of(HAIKU, PLAIN), cost_of("global.haiku", PLAIN), cost_of(HAIKU, PLAIN), "same", HITS.saved_usd],
        ),
    ],
)
def test_what_changes_is_reckoned_anew(change: dict[str, Any], expected: list[Any]) -> None:
    calls = [
        call("answer_from_documents", SONNET),
        call("answer_directly", GLOBAL),
        call("rerank", HAIKU),
        call("embed", TITAN, Usage(77)),
    ]
    same = [one.cost_usd for one in calls] + [Decimal(0)]
    outcome = asked(calls, **change)
    wanted = [same[n] if value == "same" else value for n, value in enumerate(expected)]
    assert outcome.what_if_usd == sum(wanted)
    assert outcome.recorded_usd == sum(same)
    assert outcome.assumes


def test_what_cannot_be_said_is_refused_or_named() -> None:
    for source, target in (("sonnet", "gpt"), ("step:dance", "haiku")):
        with pytest.raises(InvalidField):
            WhatIf(Change(models=((source, target),)))
    for one, target in ((call("embed", TITAN), "haiku"), (call("rerank", HAIKU), "titan-embed")):
        with pytest.raises(InvalidField, match="cannot do"):
            asked([one], models=((f"step:{one.step}", target),))
    assert "rerank" in asked([call("answer_directly", SONNET)], plan="thorough").steps_never_run
