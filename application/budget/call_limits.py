"""Which limits a model call meets, and how much of them it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from application.budget.local_quota import Rate
from application.ports.tenants.reservations import LimitScope
from domain.tenant.budget import Budget
from domain.usage import Usage

CHEAPEST = "haiku"
"""The family on which a call costs least of those that installations answer with."""


def tokens_of(usage: Usage) -> int:
    """All tokens of a call, whatever they cost."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def call_bounds(budget: Budget, user: str) -> tuple[LimitScope, ...]:
    """The tenant's own limits and its user's, as far as there are any."""
    both = (("", budget), (user, budget.per_user))
    return tuple(
        LimitScope(whose, b, budget.period) for whose, b in both if b.limit_usd is not None or b.tokens_per_minute
    )


def with_money(bounds: Sequence[LimitScope]) -> Iterator[LimitScope]:
    """Those that limit money."""
    return (bound for bound in bounds if bound.limits.limit_usd is not None)


def token_rates(bounds: Sequence[LimitScope]) -> list[Rate]:
    """Tokens a minute of each."""
    return [(bound, bound.limits.tokens_per_minute) for bound in bounds]
