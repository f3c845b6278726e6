"""Which models a call may go to, in which order, and the reason it is given."""

from __future__ import annotations

import pytest

from application.gateway.health import Health
from application.gateway.router import Needs, Route, Router, window_of
from domain.refusals import ModelUnavailable, PromptTooLong
from domain.tenant.assistant import ModelPolicy

SONNET, HAIKU = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def router(slow_s: float = 0.0, fast_s: float = 0.0) -> Router:
    health = Health(lambda: 0.0)
    if slow_s:
        health.heard(SONNET, slow_s)
        health.heard(HAIKU, fast_s)
    return Router(HAIKU, SONNET, health)


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        (Needs(), Route(SONNET, "tier:balanced")),
        (Needs(tier="fast"), Route(HAIKU, "tier:fast")),
        (Needs(complexity="simple"), Route(HAIKU, "complexity:simple")),
        (Needs(complexity="complex"), Route(SONNET, "complexity:complex")),
        (Needs(budget="low", complexity="complex"), Route(HAIKU, "budget:low")),
        (Needs(budget="warned"), Route(SONNET, "tier:balanced")),
        (Needs(policy=ModelPolicy(balanced="eu.anthropic.claude-sonnet-4-5-y")),
         Route("eu.anthropic.claude-sonnet-4-5-y", "assistant:balanced")),
        (Needs(policy=ModelPolicy(allowed=("haiku",))), Route(HAIKU, "policy")),
    ],
)  # fmt: skip
def test_the_first_model_and_its_reason(needs: Needs, expected: Route) -> None:
    assert router().routes(needs)[0] == expected


def test_the_other_model_is_what_a_call_fails_over_to() -> None:
    assert [route.model for route in router().routes(Needs())] == [SONNET, HAIKU]
    assert [route.model for route in router().routes(Needs(tier="fast"))] == [HAIKU, SONNET]
    assert len(router().routes(Needs(policy=ModelPolicy(fast=SONNET)))) == 1


def test_a_model_that_has_become_slow_gives_way_unless_the_question_is_hard() -> None:
    slow = router(slow_s=4.0, fast_s=0.5)
    assert slow.routes(Needs())[0] == Route(HAIKU, "latency")
    assert slow.routes(Needs(complexity="complex"))[0].model == SONNET
    assert router(slow_s=4.0, fast_s=3.0).routes(Needs())[0].model == SONNET


def test_a_region_that_is_not_allowed_is_never_called() -> None:
    policy = ModelPolicy(fast="eu.anthropic.claude-haiku-4-5-20251001-v1:0", regions=("eu",))
    assert [route.model for route in router().routes(Needs(policy=policy))] == [
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    ]
    with pytest.raises(ModelUnavailable, match="policy"):
        router().routes(Needs(policy=ModelPolicy(regions=("ap",))))


def test_what_no_model_can_read_is_refused_before_it_is_sent() -> None:
    with pytest.raises(PromptTooLong):
        router().routes(Needs(tokens=window_of(SONNET) + 1))
