"""Turns whatever goes wrong on the way to Bedrock and back into one ModelFailure: its kind, and Bedrock's own name."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
)

from adapters.bedrock.frames import FrameError, Headers
from application.ports.models.model import FailureKind, ModelFailure

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
KINDS = {
    "ThrottlingException": FailureKind.THROTTLED,
    "ServiceQuotaExceededException": FailureKind.OVER_QUOTA,
    "ServiceUnavailableException": FailureKind.UNAVAILABLE,
    "ModelNotReadyException": FailureKind.UNAVAILABLE,
    "InternalServerException": FailureKind.INTERNAL,
    "InternalFailure": FailureKind.INTERNAL,
    "ModelErrorException": FailureKind.INTERNAL,
    "ModelTimeoutException": FailureKind.TIMED_OUT,
    "ModelStreamErrorException": FailureKind.CUT,
    "ValidationException": FailureKind.INVALID_REQUEST,
    "AccessDeniedException": FailureKind.ACCESS_DENIED,
    "ResourceNotFoundException": FailureKind.ACCESS_DENIED,
    "ExpiredTokenException": FailureKind.ACCESS_DENIED,
    "UnrecognizedClientException": FailureKind.ACCESS_DENIED,
}
BY_STATUS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
CAUGHT = (ClientError, BotoCoreError, FrameError, msgspec.MsgspecError, aiohttp.ClientError, OSError)


class ExceptionFrame(msgspec.Struct):
    """The payload of an exception frame."""

    message: str = ""
    originalMessage: str = ""


def of_frame(headers: Headers, payload: bytes, *, started: bool) -> ModelFailure:
    """The failure that an exception or error frame tells of. Inside a stream the names begin in lower case."""
    code = headers.name[:1].upper() + headers.name[1:] or "ModelStreamErrorException"
    if headers.kind == "error":
        return _named(code, headers.detail, started=started)
    try:
        body = msgspec.json.decode(payload, type=ExceptionFrame) if payload else ExceptionFrame()
    except msgspec.MsgspecError:
        body = ExceptionFrame()
    return _named(code, body.originalMessage or body.message, started=started)


class ErrorBody(msgspec.Struct):
    """The body of a response that is an error."""

    message: str = ""
    code: str = msgspec.field(default="", name="__type")


def of_response(status: int, headers: Mapping[str, str], body: bytes) -> ModelFailure:
    """The failure that a response with an error status tells of: its name is in a header, or else in its body, with a
    namespace before it and an address after it that say nothing more."""
    try:
        said = msgspec.json.decode(body, type=ErrorBody)
    except msgspec.MsgspecError:
        said = ErrorBody()
    name = headers.get("x-amzn-errortype") or said.code
    code = name.partition(":")[0].rpartition("#")[2] or BY_STATUS.get(status, "InternalServerException")
    return _named(code, said.message, refused=status >= 400)


def of_error(error: BaseException, *, opened: bool, started: bool) -> ModelFailure:
    """The failure behind one of `CAUGHT` (a TimeoutError is an OSError). `opened`: the response had begun; `started`:
    content had arrived."""
    if isinstance(error, (NoCredentialsError, CredentialRetrievalError, ClientError)):  # of getting credentials
        return _named("AccessDeniedException", str(error), refused=not opened, started=started)
    if isinstance(error, (FrameError, msgspec.MsgspecError)):
        return ModelFailure(FailureKind.MALFORMED, f"{type(error).__name__}: {error}", started=started)
    if isinstance(error, TimeoutError):
        kind = FailureKind.STALLED if started else FailureKind.TIMED_OUT
        return ModelFailure(kind, "nothing arrived in time", started=started)
    kind = FailureKind.CUT if opened else FailureKind.UNREACHABLE
    return ModelFailure(kind, f"{type(error).__name__}: {error}", started=started)


def _named(code: str, message: str, *, refused: bool = False, started: bool = False) -> ModelFailure:
    """A failure that Bedrock has a name for."""
    kind = KINDS.get(code, FailureKind.UNKNOWN)
    return ModelFailure(kind, message, code=code, refused=refused, started=started)
