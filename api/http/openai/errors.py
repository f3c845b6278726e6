"""Failures as OpenAI's clients read them."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response

from api.problems import describe, refusal_of

ROUTES = ("/v1/chat/completions", "/v1/embeddings", "/v1/models")
TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
CODES = {
    "unauthorized": "invalid_api_key",
    "assistant_not_found": "model_not_found",
    "prompt_too_long": "context_length_exceeded",
}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: in words, by kind, in which parameter, and by our own code where OpenAI has none for it."""

    message: str
    type: str
    param: str | None
    code: str


class FailureAnswer(msgspec.Struct, frozen=True):
    """The body of an answer that failed."""

    error: Failure


def is_openai(path: str) -> bool:
    """Whether a route speaks OpenAI's API."""
    return path.startswith(ROUTES)


def failure_of(error: BaseException) -> tuple[FailureAnswer, int, dict[str, str]]:
    """The body, the status, and the headers."""
    problem, headers = describe(error)
    kind = TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error")
    if problem.code == "budget_exceeded":
        kind = "insufficient_quota"
    param = "model" if problem.code == "assistant_not_found" else None
    if problem.code == "invalid_field":
        param = param_of(refusal_of(error).detail)
    message = problem.detail or problem.title
    failure = Failure(message=message, type=kind, param=param, code=CODES.get(problem.code, problem.code))
    return FailureAnswer(failure), problem.status, headers | {"x-request-id": problem.trace_id}


def raw_failure(error: BaseException) -> tuple[bytes, int, list[tuple[bytes, bytes]]]:
    """The same in bytes, for whoever answers without the framework."""
    failure, status, extra = failure_of(error)
    body = msgspec.json.encode(failure)
    headers = {"content-type": "application/json", "content-length": str(len(body)), **extra}
    return body, status, [(name.encode(), value.encode()) for name, value in headers.items()]


def param_of(detail: str) -> str | None:
    """The parameter that a refusal names first, as `n: ...` or `$.messages[0]: ...`."""
    name = detail[:200].lstrip("$.").partition(":")[0].partition("[")[0].partition(".")[0]
    return name if name.isidentifier() else None


def answer_failed(_: Request[Any, Any, Any], error: Exception) -> Response[FailureAnswer]:
    """The answer to a request that failed before anything was said."""
    body, status, headers = failure_of(error)
    return Response(body, status_code=status, media_type="application/json", headers=headers)
