"""What this process knows of each model's health: its breaker, how soon its first token comes, and how many retries
all models may still cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from application.gateway.breaker import Breaker, Outcome
from application.gateway.failure_policy import treatment_of
from application.ports.models.model import FailureKind, ModelFailure

SMOOTHING = 0.2
SLOW_SHARE, SLOW_LEAST_S = 0.75, 5.0
RETRY_SHARE = 0.1
MOST_RETRIES = 10.0


@dataclass(slots=True)
class RetryBudget:
    """A tenth of the calls may be retries: when a model fails for everybody, repeating everything makes it worse."""

    left: float = MOST_RETRIES

    def earn(self) -> None:
        """A call that is none."""
        self.left = min(MOST_RETRIES, self.left + RETRY_SHARE)

    def take(self) -> bool:
        """Whether one more retry may go."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


MOST_MODELS = 1_000
MOST_SHUT_OUT = 10_000
LONG_OPEN_S = 300.0
"""After so long without closing, a breaker is more than a hiccup: an incident says so."""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """What is known of a model now: its breaker, in how many seconds an open one lets probes through, how its last
    failure was called and how many seconds ago, and how soon its first token comes."""

    model: str
    breaker: str
    probes_in_s: float | None
    last_failure: str
    failed_s_ago: float | None
    first_token_s: float | None


@dataclass(slots=True)
class Health:
    """One per process. `clock` gives seconds that only rise."""

    clock: Callable[[], float]
    retries: RetryBudget = field(default_factory=RetryBudget)
    first_token_s: dict[str, float] = field(default_factory=dict)
    _refusals: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, tuple[str, float]] = field(default_factory=dict)
    _breakers: dict[str, Breaker] = field(default_factory=dict)
    _shut_out: dict[str, None] = field(default_factory=dict)

    def breaker(self, model: str) -> Breaker:
        """The breaker of a model; the region is part of an inference profile's id."""
        if model not in self._breakers:
            if len(self._breakers) >= MOST_MODELS:
                self._forget(next(iter(self._breakers)))
            self._breakers[model] = Breaker(self.clock)
        return self._breakers[model]

    def _forget(self, model: str) -> None:
        """The model that was met first: whoever names models without end forgets what is known of them."""
        for known in (self._breakers, self._refusals, self._failures, self.first_token_s):
            known.pop(model, None)

    def passed_over(self, model: str, tenant: str) -> None:
        """A call of the tenant's did not go to the model, for its breaker is open."""
        if len(self._shut_out) < MOST_SHUT_OUT and self.breaker(model).sick_for_s >= LONG_OPEN_S:
            self._shut_out[tenant] = None

    def take_shut_out(self) -> list[str]:
        """The tenants that met, since this was asked last, a breaker which has been open for long."""
        found, self._shut_out = list(self._shut_out), {}
        return found

    def refused(self, *models: str) -> str:
        """Why these models cannot be counted on now, or nothing: one of them was refused to us and has not succeeded
        since, or all their breakers are open."""
        if refusals := [self._refusals[model] for model in models if model in self._refusals]:
            return refusals[0]
        breakers = [self._breakers[model] for model in models if model in self._breakers]
        shut = breakers and all(breaker.state == "open" for breaker in breakers)
        return FailureKind.BREAKER_OPEN.value if shut else ""

    def states(self) -> dict[str, str]:
        """Each model's breaker as it is now."""
        return {model: breaker.state for model, breaker in self._breakers.items()}

    def report(self) -> list[ModelHealth]:
        """All that were called, by name."""
        return [self._of(model) for model in sorted(self._breakers)]

    def _of(self, model: str) -> ModelHealth:
        breaker = self._breakers[model]
        failure, at = self._failures.get(model, ("", None))
        return ModelHealth(
            model=model,
            breaker=breaker.state,
            probes_in_s=breaker.shut_for_s,
            last_failure=failure,
            failed_s_ago=None if at is None else self.clock() - at,
            first_token_s=self.first_token_s.get(model),
        )

    def heard(self, model: str, seconds: float) -> None:
        """The first token came after so long."""
        known = self.first_token_s.get(model, seconds)
        self.first_token_s[model] = known + SMOOTHING * (seconds - known)

    def succeeded(self, model: str, first_token_s: float, deadline_s: float) -> None:
        """A call ended well; one whose first token came near the deadline was slow. Less than some seconds is not: a
        process that is busy itself must not take its models for sick, and refuse everybody for it."""
        outcome: Outcome = "slow" if first_token_s > max(SLOW_LEAST_S, SLOW_SHARE * deadline_s) else "ok"
        self.breaker(model).record(outcome)
        self._refusals.pop(model, None)

    def failed(self, model: str, failure: ModelFailure) -> None:
        """A call failed; what it says of the model's health is in the error table."""
        treatment = treatment_of(failure)
        health = treatment.health
        self._failures[model] = (failure.code, self.clock())
        if treatment.alarm:
            self._refusals[model] = failure.code
        if health == "none":
            self.breaker(model).forget()
        else:
            self.breaker(model).record(health)
