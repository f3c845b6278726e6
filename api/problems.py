"""Every failure as the outside sees it: one table from a refusal to its HTTP status and to a close code."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Response
from litestar.connection import Request
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from api.telemetry.metrics import refusal_names
from api.telemetry.metrics import refusals as refusals_told
from api.telemetry.trace import current_trace
from application.ports.models.model import ModelFailure
from domain import refusals
from domain.refusals import DocumentRefused, Internal, Refusal

PROBLEM_JSON = "application/problem+json"
PROTOCOL_ERROR = 4400

# code: (HTTP status, close code of a socket that ends for it)
TABLE: dict[str, tuple[int, int]] = {
    "invalid_json": (400, PROTOCOL_ERROR),
    "too_deep": (400, PROTOCOL_ERROR),
    "invalid_message": (400, PROTOCOL_ERROR),
    "unknown_type": (400, PROTOCOL_ERROR),
    "invalid_field": (400, PROTOCOL_ERROR),
    "duplicate_key": (400, PROTOCOL_ERROR),
    "invalid_character": (400, PROTOCOL_ERROR),
    "empty_prompt": (400, PROTOCOL_ERROR),
    "prompt_too_long": (400, PROTOCOL_ERROR),
    "metadata_too_large": (400, PROTOCOL_ERROR),
    "frame_too_large": (413, 1009),
    "turn_in_progress": (409, PROTOCOL_ERROR),
    "idempotency_conflict": (409, PROTOCOL_ERROR),
    "turn_not_found": (404, PROTOCOL_ERROR),
    "session_not_open": (409, PROTOCOL_ERROR),
    "session_already_open": (409, PROTOCOL_ERROR),
    "session_not_found": (404, 4404),
    "assistant_not_found": (404, PROTOCOL_ERROR),
    "document_not_found": (404, PROTOCOL_ERROR),
    "file_not_found": (404, PROTOCOL_ERROR),
    "not_found": (404, 4404),
    "resume_out_of_range": (409, PROTOCOL_ERROR),
    "in_use": (409, PROTOCOL_ERROR),
    "invalid_cursor": (400, PROTOCOL_ERROR),
    "invalid_range": (400, PROTOCOL_ERROR),
    "unauthorized": (401, 4401),
    "forbidden": (403, 4403),
    "rate_limited": (429, 4429),
    "budget_exceeded": (429, 4429),
    "overloaded": (503, 1013),
    "model_unavailable": (503, 1013),
    "pii_blocked": (400, PROTOCOL_ERROR),
    "draining": (503, 1012),
    "unsupported_media_type": (415, 1003),
    "payload_too_large": (413, 1009),
    "dependency_unavailable": (503, 1013),
    "internal": (500, 1011),
}
for _code in TABLE:
    refusals_told.labels(refusal_names(_code))  # there before the first of it: see `event_metrics`
# What the framework finds wrong by itself.
CODES_BY_STATUS = {
    400: "invalid_message",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "overloaded",
}
# Absent and foreign must be the same bytes, and nobody learns why a token was refused or what broke.
SILENT = frozenset({401, 404, 500})


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457). `code` is the stable name; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    retryable: bool


def all_refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every kind of refusal there is."""
    for kind in of.__subclasses__():
        yield kind
        yield from all_refusals(kind)


_KINDS: dict[str, type[Refusal]] = {}
for _kind in vars(refusals).values():
    if isinstance(_kind, type) and issubclass(_kind, Refusal) and _kind is not Refusal:
        _KINDS.setdefault(_kind.code, _kind)


def refusal_of(error: BaseException) -> Refusal:
    """Whatever went wrong, as a refusal; `Internal` when it is our own fault."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    match error:
        case Refusal():
            return error
        case HTTPException():
            return _from_framework(error)
        case ModelFailure():
            return refusals.ModelUnavailable(retry_after_s=1)
        case RecursionError():
            return refusals.TooDeep()
        case TimeoutError() | ConnectionError():
            return refusals.DependencyUnavailable(retry_after_s=1)
        case _:
            return Internal()


def refusal_named(error: Mapping[str, Any]) -> Refusal:
    """The refusal that a `turn.failed` tells of."""
    retry = error.get("retry_after_s")
    return _KINDS.get(str(error["code"]), Internal)(str(error["message"]), retry_after_s=retry)


def _from_framework(error: HTTPException) -> Refusal:
    if isinstance(error, ValidationException):
        return refusals.InvalidField(_validation_detail(error))
    if isinstance(error.__cause__, SerializationException):
        return refusals.InvalidJson("The body is not valid JSON, or not of the expected shape.")
    if error.status_code == 405:
        return refusals.NotFound("This resource does not take that method.")
    return _KINDS[CODES_BY_STATUS.get(error.status_code, "internal")]()


def _validation_detail(error: ValidationException) -> str:
    found = error.extra if isinstance(error.extra, list) else []
    said = [f"{item.get('key', 'body')}: {item.get('message', 'invalid')}" for item in found if isinstance(item, dict)]
    return "; ".join(said)[:500]


def status_of(error: BaseException, refusal: Refusal) -> int:
    """The HTTP status of an error that was turned into `refusal`."""
    if isinstance(error, HTTPException) and refusal.code != "internal" and error.status_code in CODES_BY_STATUS:
        return error.status_code  # 405 has no code of its own
    if isinstance(refusal, DocumentRefused):
        return 413 if refusal.reason == "too_large" else 400
    return TABLE[refusal.code][0]


def close_code(refusal: Refusal) -> int:
    """The code to close a socket with that ends because of `refusal`."""
    return TABLE[refusal.code][1]


def describe(error: BaseException) -> tuple[Problem, dict[str, str]]:
    """The problem document of an error, and the headers that go with it."""
    refusal = refusal_of(error)
    status = status_of(error, refusal)
    code = refusal.reason if isinstance(refusal, DocumentRefused) else refusal.code
    title = (type(refusal).__doc__ or "").strip().splitlines()[0]
    refusals_told.labels(refusal_names(code)).inc()
    problem = Problem(
        type=f"urn:colloquy:problem:{code}",
        title=title,
        status=status,
        detail=title if status in SILENT else refusal.detail,
        code=code,
        trace_id=current_trace(),
        retryable=refusal.retryable,
    )
    return problem, _headers(error, refusal, status)


def raw_problem(error: BaseException) -> tuple[bytes, int, list[tuple[bytes, bytes]]]:
    """Body, status and headers of an error's answer, for whoever answers without the framework."""
    problem, extra = describe(error)
    body = msgspec.json.encode(problem)
    headers = {"content-type": PROBLEM_JSON, "content-length": str(len(body)), **extra}
    return body, problem.status, [(name.encode(), value.encode()) for name, value in headers.items()]


def _headers(error: BaseException, refusal: Refusal, status: int) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status in (429, 503):
        headers["retry-after"] = str(max(1, math.ceil(refusal.retry_after_s or 1)))
    if status == 405 and isinstance(error, HTTPException) and error.headers:
        allowed = (error.headers.get("allow") or "").split(", ")
        headers["allow"] = ", ".join(sorted(method for method in allowed if method.isupper()))
    return headers


def answer_problem(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Litestar's handler for every exception."""
    problem, headers = describe(error)
    return Response(problem, status_code=problem.status, media_type=PROBLEM_JSON, headers=headers)
