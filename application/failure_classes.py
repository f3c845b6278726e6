"""What a failure of any port means to whoever goes on without a caller: relay, read models, ingestion, turns."""

from __future__ import annotations

from enum import Enum

from application.ports.facts.keys import KeyUnusable
from application.ports.models.model import FailureKind, ModelFailure
from domain.refusals import BudgetExceeded, DependencyRefuses, DependencyUnavailable, Draining, Overloaded, RateLimited


class FailureClass(Enum):
    """The value is what is done."""

    AWAY = "wait and try again: it passes by itself"
    BUSY = "back off, longer each time: it was refused for now"
    MISCONFIGURED = "sound the alarm and wait: rights or settings must be mended, and nothing is put aside for it"
    POISON = "put this item aside: it will never do, and the others go on"


AWAY, BUSY, MISCONFIGURED, POISON = FailureClass
TABLE: tuple[tuple[type[BaseException], FailureClass], ...] = (
    (KeyUnusable, POISON),  # this stream's key alone cannot be had; what is put aside is tried again
    (DependencyRefuses, MISCONFIGURED),
    (DependencyUnavailable, AWAY),
    (RateLimited, BUSY),
    (Overloaded, BUSY),
    (BudgetExceeded, BUSY),
    (Draining, BUSY),
    (OSError, AWAY),
    (TimeoutError, AWAY),
)
"""The first that fits counts; whatever fits none is poison."""
OF_MODELS: dict[FailureKind, FailureClass] = {
    FailureKind.THROTTLED: BUSY,
    FailureKind.OVER_QUOTA: MISCONFIGURED,
    FailureKind.UNAVAILABLE: AWAY,
    FailureKind.INTERNAL: AWAY,
    FailureKind.INVALID_REQUEST: POISON,
    FailureKind.ACCESS_DENIED: MISCONFIGURED,
    FailureKind.TIMED_OUT: AWAY,
    FailureKind.STALLED: AWAY,
    FailureKind.CUT: AWAY,
    FailureKind.MALFORMED: AWAY,
    FailureKind.UNREACHABLE: AWAY,
    FailureKind.BREAKER_OPEN: BUSY,
    FailureKind.UNKNOWN: AWAY,
}
"""`application/gateway/failure_policy.py` says what each means to the call itself."""


def class_of(error: BaseException) -> FailureClass:
    """What is to be done about it."""
    if isinstance(error, ModelFailure):
        return OF_MODELS[error.kind]
    return next((found for kind, found in TABLE if isinstance(error, kind)), POISON)
