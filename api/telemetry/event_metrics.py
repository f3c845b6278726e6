"""Counts facts of sessions as they are stored: what models did, what they took and cost, and what caches saved."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from api.telemetry.metrics import SECONDS, named
from application.gateway.health import Health
from domain.event import Event
from domain.model_calls import TokensUsed
from domain.models import OF_FAMILY
from domain.session import events as e
from domain.usage import family_of

STATES = {"closed": 0, "half_open": 1, "open": 2}

turns = Counter("colloquy_turns", "Turns that ended, by how", ("status",))
first_token = Histogram("colloquy_first_token_seconds", "From a turn's start to its first text", buckets=SECONDS)
steps = Counter("colloquy_steps", "Steps that ran, and the router's reason", ("step", "family", "reason"))
calls = Counter("colloquy_model_calls", "Calls that were settled, by what became of them", ("family", "outcome"))
tokens = Counter("colloquy_tokens", "Tokens that were billed", ("family", "kind"))
cost = Counter("colloquy_cost_usd", "What calls cost, in US dollars", ("family",))
failovers = Counter("colloquy_failovers", "Answers that another model went on with, by why", ("reason",))
cache = Counter("colloquy_answer_cache", "Questions asked of the answer caches", ("outcome",))
saved = Counter("colloquy_saved_usd", "What answers from caches would have cost, in US dollars", ("layer",))
private = Counter("colloquy_private_values", "Private values that were kept from models", ("kind",))
names_away = Counter("colloquy_names_away", "Texts whose names were left to the rules, for the recogniser was away")
tools = Counter("colloquy_tool_calls", "Tools that ran", ("status",))
breakers = Gauge("colloquy_breaker_state", "The worst of a family: 0 closed, 1 half open, 2 open", ("family",))


def count(events: Sequence[Event]) -> None:
    """Count facts that have just been stored."""
    for event in events:
        match event:
            case TokensUsed():
                _count_call(event)
            case e.StepRun():
                steps.labels(event.step, _family(event.model), event.reason).inc()
            case e.TurnCompleted():
                turns.labels("completed").inc()
                first_token.observe(event.ttft_ms / 1000)
            case e.TurnCancelled():
                turns.labels("cancelled").inc()
            case e.TurnFailed():
                turns.labels(event.code).inc()
            case e.ModelFailedOver():
                failovers.labels(event.reason).inc()
            case e.CacheHit():
                cache.labels(event.layer).inc()
                saved.labels(event.layer).inc(float(event.saved_usd))
            case e.CacheMissed():
                cache.labels("miss").inc()
            case e.PiiRedacted():
                for kind, number in event.kinds.items():
                    private.labels(kind).inc(number)
            case e.ToolCalled():
                tools.labels(event.status).inc()
            case _:
                pass


def show_breakers(health: Health) -> None:
    """The worst breaker of each family of models as it is now."""
    worst: dict[str, int] = {}
    for model, state in health.states().items():
        family = _family(model)
        worst[family] = max(worst.get(family, 0), STATES[state])
    for family, number in worst.items():
        breakers.labels(family).set(number)


def _family(model: str) -> str:
    """Assistants may name models of their own."""
    return named(family_of(model), OF_FAMILY)


def _count_call(used: TokensUsed) -> None:
    family, usage = _family(used.model), used.usage
    calls.labels(family, used.failure or ("estimated" if used.estimated else "settled")).inc()
    cost.labels(family).inc(float(used.cost_usd))
    kinds = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
    }
    for kind, number in kinds.items():
        if number:
            tokens.labels(family, kind).inc(number)
