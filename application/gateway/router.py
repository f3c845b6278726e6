"""Which models a step may go to, best first, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from application.budget.balance import Level
from application.gateway.health import Health
from domain.models import profile_of, row_of
from domain.refusals import ModelUnavailable, PromptTooLong
from domain.tenant.assistant import ModelPolicy
from domain.usage import family_of

Tier = Literal["fast", "balanced"]
Complexity = Literal["", "simple", "moderate", "complex"]

SLOW_S, SLOW_FACTOR = 2.5, 3.0


class Route(msgspec.Struct, frozen=True):
    """A model (inference profile id) and the reason for it."""

    model: str
    reason: str


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call before it is made: the step's tier, how hard the question is, how long the prompt and the
    answer may be (tokens), what the tenant allows, how much of its budget is left, and whether there are `pictures` to
    look at."""

    tier: Tier = "balanced"
    complexity: Complexity = ""
    tokens: int = 0
    policy: ModelPolicy = ModelPolicy()
    budget: Level = "ok"
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Router:
    """Two tiers, each with a model of the installation or of the assistant. The model that is not chosen is what the
    call fails over to."""

    fast: str
    balanced: str
    health: Health

    def routes(self, needs: Needs) -> list[Route]:
        """The models for a call, best first, at least one. `ModelUnavailable` when the tenant's policy leaves none,
        `PromptTooLong` when none reads so much."""
        tier, reason = self._tier(needs)
        tiers: tuple[Tier, ...] = ("fast", "balanced") if tier == "fast" else ("balanced", "fast")
        routes = [self._route(needs.policy, one, reason if one == tier else f"other:{one}") for one in tiers]
        if routes[0].model == routes[1].model:
            routes.pop()
        allowed = [route for route in routes if allows(needs.policy, route.model)]
        if not allowed:
            raise ModelUnavailable("The tenant's policy allows none of the models that this assistant could use.")
        if needs.pictures:
            allowed = [route for route in allowed if takes_pictures(route.model)]
        if not allowed:
            raise ModelUnavailable("None of the models that this assistant could use takes pictures.")
        if allowed[0] is not routes[0]:
            allowed[0] = Route(allowed[0].model, "policy")
        fitting = [route for route in allowed if needs.tokens <= window_of(route.model)]
        if not fitting:
            raise PromptTooLong("The conversation is longer than the models can read.")
        return fitting

    def _tier(self, needs: Needs) -> tuple[Tier, str]:
        """The tier to begin with: the step's own, or the faster one when that is enough, or all that can be had."""
        if needs.tier == "fast":
            return "fast", "tier:fast"
        if needs.budget in ("low", "out"):
            return "fast", f"budget:{needs.budget}"
        if needs.complexity == "simple":
            return "fast", "complexity:simple"
        if needs.complexity != "complex" and self._is_slow(needs.policy):
            return "fast", "latency"
        return "balanced", f"complexity:{needs.complexity}" if needs.complexity else "tier:balanced"

    def _is_slow(self, policy: ModelPolicy) -> bool:
        known = self.health.first_token_s
        slow = known.get(policy.balanced or self.balanced, 0.0)
        fast = known.get(policy.fast or self.fast, slow)
        return slow > SLOW_S and slow > SLOW_FACTOR * fast

    def _route(self, policy: ModelPolicy, tier: Tier, reason: str) -> Route:
        own = policy.fast if tier == "fast" else policy.balanced
        if own:
            return Route(own, reason.replace("tier:", "assistant:"))
        return Route(self.fast if tier == "fast" else self.balanced, reason)


def allows(policy: ModelPolicy, model: str) -> bool:
    """Whether a tenant lets its text go to that model: by id or family, and by the region of the profile."""
    named = not policy.allowed or model in policy.allowed or family_of(model) in policy.allowed
    return named and (not policy.regions or profile_of(model).partition(".")[0] in policy.regions)


def takes_pictures(model: str) -> bool:
    """Whether the model looks at pictures."""
    row = row_of(model)
    return row is not None and row.pictures


def window_of(model: str) -> int:
    """Tokens that fit in one call; an unknown model is not refused here but by its provider."""
    row = row_of(model)
    return row.window if row else 1_000_000
