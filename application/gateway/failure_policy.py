"""What each failure of a model means: whether it counts against the model, is tried again, or lets another go on."""

from __future__ import annotations

from typing import Literal

import msgspec

from application.ports.models.model import FailureKind, ModelFailure


class Treatment(msgspec.Struct, frozen=True):
    """`health`: what the breaker is told (`none`: nothing, for it says nothing of the model). `retry`: the same model
    once more, if nothing was shown yet. `fail_over`: the other model may do better. `alarm`: a person must look."""

    health: Literal["failed", "slow", "none"]
    retry: bool = False
    fail_over: bool = True
    alarm: bool = False


TABLE: dict[FailureKind, Treatment] = {
    FailureKind.THROTTLED: Treatment("none", retry=True),
    FailureKind.OVER_QUOTA: Treatment("none"),
    FailureKind.UNAVAILABLE: Treatment("failed"),
    FailureKind.INTERNAL: Treatment("failed", retry=True),
    FailureKind.INVALID_REQUEST: Treatment("none", fail_over=False),
    FailureKind.ACCESS_DENIED: Treatment("none", alarm=True),
    FailureKind.TIMED_OUT: Treatment("slow"),
    FailureKind.STALLED: Treatment("failed"),
    FailureKind.CUT: Treatment("failed"),
    FailureKind.MALFORMED: Treatment("failed"),
    FailureKind.UNREACHABLE: Treatment("failed", retry=True),
    FailureKind.BREAKER_OPEN: Treatment("none"),
    FailureKind.UNKNOWN: Treatment("failed", alarm=True),
}


def treatment_of(failure: ModelFailure) -> Treatment:
    """What to do about it; an error that nobody has heard of counts, and the other model is tried."""
    return TABLE[failure.kind]
