"""Faults on order: which call is to go wrong, how, and how often."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from infra.local.bedrock import event_stream

# Refused before anything is streamed: kind -> status, error name, message. Messages as Bedrock words them.
REFUSALS: dict[str, tuple[int, str, str]] = {
    "throttle": (429, "ThrottlingException", "Too many tokens, please wait before trying again."),
    "unavailable": (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    "internal": (500, "InternalServerException", "The system encountered an unexpected error during processing."),
    "validation": (400, "ValidationException", "The request is invalid."),
    "timeout": (408, "ModelTimeoutException", "Model request timed out."),
    "model_error": (424, "ModelErrorException", "The model returned an error."),
    "not_ready": (429, "ModelNotReadyException", "The model is not ready for inference requests."),
    "access_denied": (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "expired_token": (403, "ExpiredTokenException", "The security token included in the request is expired"),
}
# Said inside the stream, which then ends: kind -> the frame and the error's name in the invocation log.
EVENTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "error_event": (lambda: event_stream.error("InternalFailure", "An internal failure."), "InternalFailure"),
    "throttle_event": (lambda: event_stream.exception("throttlingException", "Slow down."), "ThrottlingException"),
    "internal_event": (lambda: event_stream.exception("internalServerException", "Oh."), "InternalServerException"),
    "unavailable_event": (
        lambda: event_stream.exception("serviceUnavailableException", "Away."),
        "ServiceUnavailableException",
    ),
    "model_error_event": (
        lambda: event_stream.exception("modelStreamErrorException", "Lost.", originalStatusCode=500),
        "ModelStreamErrorException",
    ),
}
# The connection's faults: the model itself goes on to its end, and AWS bills all of it.
CONNECTION = ("stall", "cut", "clean_cut", "corrupt", "malformed")
# No fault of the wire: the answer ends after so many deltas, with the `stop_reason` that the order names.
STOP = "stop"
KINDS = {*REFUSALS, *EVENTS, *CONNECTION, STOP, "hang"}


class CallRefused(Exception):
    """The call is answered with an error."""

    def __init__(self, kind: str, message: str = "") -> None:
        self.status, self.code, standard = REFUSALS[kind]
        self.message = message or standard


@dataclass
class Fault:
    """An order. `model` and `match` are substrings of the model id and of the request's body; `times` counts down."""

    id: int
    kind: str
    model: str = ""
    match: str = ""
    operation: str = ""
    after_deltas: int = 0
    stop_reason: str = ""
    times: int | None = None
    probability: float = 1.0
    hits: int = 0

    def applies(self, operation: str, model: str, body: str) -> bool:
        """Whether this call is meant."""
        meant = self.operation in ("", operation) and self.model in model and self.match in body
        return meant and (self.times is None or self.hits < self.times)


class Faults:
    """The orders in force, oldest first. Chance is drawn from a fixed seed, so that a run can be repeated."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._chance = random.Random(7)
        self._last_id = 0

    def order(self, wish: dict[str, Any]) -> Fault:
        """Add one; ValueError when it cannot be understood."""
        if wish.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if (wish["kind"] == STOP) != bool(wish.get("stop_reason")):
            raise ValueError("a stop_reason goes with the kind stop, and the kind stop with one")
        if unknown := set(wish) - set(Fault.__dataclass_fields__) | {"id", "hits"} & set(wish):
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        self._last_id += 1
        fault = Fault(self._last_id, **wish)
        self._orders.append(fault)
        return fault

    def clear(self) -> None:
        """Withdraw all."""
        self._orders.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The orders with their hits."""
        return [asdict(fault) for fault in self._orders]

    def strike(self, operation: str, model: str, body: bytes) -> Fault | None:
        """The fault that this call meets, counted; None for most."""
        if not self._orders:
            return None
        text = body.decode("utf-8", "replace")
        for fault in self._orders:
            if fault.applies(operation, model, text) and self._chance.random() < fault.probability:
                fault.hits += 1
                return fault
        return None
