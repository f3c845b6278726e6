"""What each failure of a model means: does it count against the model, may the same be tried again, may another go on.

Source: Bedrock's error table for ConverseStream, and what a client of it should do about each.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
"""

from __future__ import annotations

from typing import Literal

import msgspec

from application.ports.model import ModelFailure


class Treatment(msgspec.Struct, frozen=True):
    """`health`: what the breaker is told (`none`: nothing, for it says nothing of the model). `retry`: the same model
    once more, if nothing was shown yet. `fail_over`: the other model may do better. `alarm`: a person must look."""

    health: Literal["failed", "slow", "none"]
    retry: bool = False
    fail_over: bool = True
    alarm: bool = False


TABLE: dict[str, Treatment] = {
    # the provider's
    "ThrottlingException": Treatment("none", retry=True),
    "ServiceUnavailableException": Treatment("failed"),
    "InternalServerException": Treatment("failed", retry=True),
    "InternalFailure": Treatment("failed", retry=True),
    "ModelTimeoutException": Treatment("slow"),
    "ModelErrorException": Treatment("failed", retry=True),
    "ModelStreamErrorException": Treatment("failed"),
    "ModelNotReadyException": Treatment("failed"),
    "ServiceQuotaExceededException": Treatment("none"),
    "ValidationException": Treatment("none", fail_over=False),
    "AccessDeniedException": Treatment("none", alarm=True),
    "ResourceNotFoundException": Treatment("none", alarm=True),
    "ExpiredTokenException": Treatment("none", alarm=True),
    "UnrecognizedClientException": Treatment("none", alarm=True),
    # ours: what the wire did
    "FirstTokenTimeout": Treatment("slow"),
    "StreamStalled": Treatment("failed"),
    "StreamCut": Treatment("failed"),
    "StreamMalformed": Treatment("failed"),
    "ConnectionFailed": Treatment("failed", retry=True),
    "BreakerOpen": Treatment("none"),
}
UNKNOWN = Treatment("failed", alarm=True)


def treatment_of(failure: ModelFailure) -> Treatment:
    """What to do about it; an error that nobody has heard of counts, and the other model is tried."""
    return TABLE.get(failure.code, UNKNOWN)
