"""Every fact that operators count has its counter, and no tenant is a label."""

from __future__ import annotations

from decimal import Decimal

from prometheus_client import REGISTRY

from api.event_metrics import count, show_breakers
from application.gateway.health import Health
from domain.model_calls import TokensUsed
from domain.session import events as e
from domain.usage import Usage

MODEL = "us.anthropic.claude-haiku-4-5-x"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_facts_are_counted_once() -> None:
    facts = [
        TokensUsed(call_id="c", step="s", model=MODEL, user="u", usage=Usage(7, 3), cost_usd=Decimal("0.5")),
        e.StepRun(turn_id="t", step="title", model=MODEL, reason="tier:fast"),
        e.ModelFailedOver(turn_id="t", from_model="a", to_model="b", reason="StreamCut"),
        e.CacheHit(turn_id="t", layer="semantic", age_s=1, saved_usd=Decimal("0.25")),
        e.PiiRedacted(turn_id="t", kinds={"iban": 2}),
        e.TurnFailed(turn_id="t", code="model_unavailable", message="", retryable=True),
    ]
    names = {
        ("colloquy_tokens_total", "family:haiku kind:input"): 7.0,
        ("colloquy_cost_usd_total", "family:haiku"): 0.5,
        ("colloquy_steps_total", "step:title family:haiku reason:tier:fast"): 1.0,
        ("colloquy_failovers_total", "reason:StreamCut"): 1.0,
        ("colloquy_answer_cache_total", "outcome:semantic"): 1.0,
        ("colloquy_saved_usd_total", "layer:semantic"): 0.25,
        ("colloquy_private_values_total", "kind:iban"): 2.0,
        ("colloquy_turns_total", "status:model_unavailable"): 1.0,
    }
    labels = {key: dict(part.split(":", 1) for part in key[1].split()) for key in names}
    before = {key: value(key[0], **labels[key]) for key in names}
    count(facts)
    assert {key: value(key[0], **labels[key]) - before[key] for key in names} == names


def test_an_open_breaker_shows() -> None:
    health = Health(lambda: 0.0)
    while health.breaker("model").allows():
        health.breaker("model").record("failed")
    show_breakers(health)
    assert value("colloquy_breaker_state", model="model") == 2.0
