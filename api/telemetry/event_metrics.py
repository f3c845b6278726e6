"""Counts facts as they are stored: what models did, what they took and cost, and what caches saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import Counter, Gauge, Histogram

from api.telemetry.metrics import OTHER, FewNames, named
from application.gateway.health import Health
from domain.event import Envelope, Event
from domain.model_calls import TokensUsed
from domain.models import OF_FAMILY
from domain.session import events as e
from domain.usage import family_of

STATES = {"closed": 0, "half_open": 1, "open": 2}

OUTPUT_WEIGHT = 5
"""An output token of Claude 3.7 and later takes so much of its quota, a token read from the prompt cache nothing.
https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html"""

CACHED = "cache"
"""Stands for the family of answers that no model gave."""
TURN_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
FIRST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 60.0)

turns = Counter("colloquy_turns", "Turns that ended, by how", ("status",))
turn_seconds = Histogram(
    "colloquy_turn_duration_seconds", "From a turn's start to its end", ("status",), buckets=TURN_SECONDS
)
first_token = Histogram(
    "colloquy_first_token_seconds", "From a turn's start to its first text", ("family",), buckets=FIRST_SECONDS
)
model_first_token = Histogram(
    "colloquy_model_first_token_seconds", "From a call's start to its first text", ("family",), buckets=FIRST_SECONDS
)
answered = Counter("colloquy_answer_characters", "Characters of answers that were streamed", ("status",))
steps = Counter("colloquy_steps", "Steps that ran, and the router's reason", ("step", "family", "reason"))
calls = Counter("colloquy_model_calls", "Calls that were settled, by what became of them", ("family", "outcome"))
tokens = Counter("colloquy_tokens", "Tokens that were billed", ("family", "kind"))
quota_tokens = Counter("colloquy_quota_tokens", "Tokens as the provider's quotas count them", ("family",))
quotas = Gauge(
    "colloquy_quota_tokens_per_minute", "What a family's quota is, as COLLOQUY_MODEL_QUOTAS says", ("family",)
)
cost = Counter("colloquy_cost_usd", "What calls cost, in US dollars", ("family",))
failovers = Counter("colloquy_failovers", "Answers that another model went on with, by why", ("reason",))
cache = Counter("colloquy_answer_cache", "Questions asked of the answer caches", ("outcome",))
saved = Counter("colloquy_saved_usd", "What answers from caches would have cost, in US dollars", ("layer",))
private = Counter("colloquy_private_values", "Private values that were kept from models", ("kind",))
names_away = Counter("colloquy_names_away", "Texts whose names were left to the rules, for the recogniser was away")
tools = Counter("colloquy_tool_calls", "Tools that ran", ("status",))
breakers = Gauge("colloquy_breaker_state", "The worst of a family: 0 closed, 1 half open, 2 open", ("family",))


outcomes, reasons, statuses, ran, causes = FewNames(), FewNames(), FewNames(), FewNames(60), FewNames()


# A series is to be there before its first count: what begins at 1 has not risen, as Prometheus sees it.
OURS = ("internal", "model_unavailable", "dependency_unavailable", "overloaded", "draining")
"""What a turn failed of that is not its user's doing."""
for _status in ("completed", "cancelled", "budget_exceeded", *OURS):
    turns.labels(statuses(_status))


def expect_outcomes(named_by_provider: Iterable[str]) -> None:
    """Have the series of what calls may come to: settled, estimated, and the provider's own names of its errors."""
    for outcome in ("settled", "estimated", *named_by_provider):
        for family in (*OF_FAMILY, OTHER):
            calls.labels(family, outcomes(outcome))


def show_quotas(wanted: Sequence[str]) -> None:
    """`family=tokens a minute`, each; ValueError says which is not."""
    for text in wanted:
        family, _, number = text.partition("=")
        if family not in OF_FAMILY or not number.isdigit():
            raise ValueError(
                f"COLLOQUY_MODEL_QUOTAS: {text!r} is not FAMILY=TOKENS; families are {', '.join(OF_FAMILY)}"
            )
        quotas.labels(family).set(int(number))
        quota_tokens.labels(family)


def count_stored(facts: Sequence[Envelope]) -> None:
    """Count facts that have just been stored, of whatever stream."""
    count([fact.event for fact in facts])


def count(events: Sequence[Event]) -> None:
    """Count facts that have just been stored."""
    for event in events:
        match event:
            case TokensUsed():
                _count_call(event)
            case e.StepRun():
                steps.labels(ran(event.step), _family(event.model), reasons(event.reason)).inc()
            case e.TurnCompleted():
                _count_end("completed", event.ms, event.text)
                first_token.labels(CACHED if event.cached else _family(event.model)).observe(event.ttft_ms / 1000)
            case e.TurnCancelled():
                _count_end("cancelled", event.ms, event.text)
            case e.TurnFailed():
                turns.labels(statuses(event.code)).inc()
            case e.ModelFailedOver():
                failovers.labels(causes(event.reason)).inc()
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


def _count_end(status: str, ms: int, text: str) -> None:
    turns.labels(status).inc()
    turn_seconds.labels(status).observe(ms / 1000)
    answered.labels(status).inc(len(text))


def _count_call(used: TokensUsed) -> None:
    family, usage = _family(used.model), used.usage
    calls.labels(family, outcomes(used.failure or ("estimated" if used.estimated else "settled"))).inc()
    if used.first_token_ms:
        model_first_token.labels(family).observe(used.first_token_ms / 1000)
    cost.labels(family).inc(float(used.cost_usd))
    taken = usage.input_tokens + usage.cache_write_tokens + OUTPUT_WEIGHT * usage.output_tokens
    quota_tokens.labels(family).inc(taken)
    kinds = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
    }
    for kind, number in kinds.items():
        if number:
            tokens.labels(family, kind).inc(number)
