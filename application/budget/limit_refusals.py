"""The refusal that an answer of the shared counts means."""

from __future__ import annotations

import math
from collections.abc import Sequence

from application.budget.process_limits import TOO_MANY_OF_USER, TOO_MANY_TURNS
from application.ports.tenants.reservations import RESERVED_S, LimitScope, ReservationAnswer
from domain.refusals import BudgetExceeded, RateLimited, Refusal

TOO_MANY_TOKENS = "Too many tokens a minute; try again later."


def over_limit(answer: ReservationAnswer, bounds: Sequence[LimitScope]) -> Refusal:
    """What stands in the way, in whose limit, and when to come back."""
    bound, again = bounds[answer.bound], rounded(answer.retry_after_s)
    match answer.verdict:
        case "turns":
            return RateLimited(TOO_MANY_OF_USER if bound.user else TOO_MANY_TURNS, retry_after_s=again)
        case "tokens":
            return RateLimited(TOO_MANY_TOKENS, retry_after_s=again)
        case "money" if answer.retry_after_s <= RESERVED_S:
            return BudgetExceeded("The rest of the budget is reserved by calls that run.", retry_after_s=again)
        case "money":
            whose = "your" if bound.user else "the tenant's"
            return BudgetExceeded(f"This {bound.period}, {whose} budget is used up.", retry_after_s=again)
    return RateLimited(retry_after_s=again)


def rounded(seconds: float) -> float:
    """Up, so that who waits as told is let in."""
    return math.ceil(seconds * 1000) / 1000
