"""Turns whatever goes wrong on the way to Bedrock and back into one ModelFailure with Bedrock's own error name."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec
from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EventStreamError,
    NoCredentialsError,
)

from adapters.bedrock.frames import FrameError, Headers
from application.ports.model import ModelFailure

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
STATUS = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 400,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "InternalServerException": 500,
    "InternalFailure": 500,
    "ServiceUnavailableException": 503,
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
CAUGHT = (ClientError, BotoCoreError, ParserError, FrameError, msgspec.MsgspecError, aiohttp.ClientError, OSError)


class Failed(msgspec.Struct):
    """The payload of an exception frame."""

    message: str = ""
    originalMessage: str = ""
    originalStatusCode: int = 0


def of_frame(headers: Headers, payload: bytes, *, started: bool) -> ModelFailure:
    """The failure that an exception or error frame tells of. Inside a stream the names begin in lower case."""
    code = headers.name[:1].upper() + headers.name[1:] or "ModelStreamErrorException"
    if headers.kind == "error":
        return ModelFailure(code, headers.detail, status=STATUS.get(code, 500), opened=True, started=started)
    try:
        body = msgspec.json.decode(payload, type=Failed) if payload else Failed()
    except msgspec.MsgspecError:
        body = Failed()
    message = body.originalMessage or body.message
    status = STATUS.get(code) or body.originalStatusCode or 500
    return ModelFailure(code, message, status=status, opened=True, started=started)


class Refused(msgspec.Struct):
    """The body of a response that is an error."""

    message: str = ""
    code: str = msgspec.field(default="", name="__type")


def of_response(status: int, headers: Mapping[str, str], body: bytes) -> ModelFailure:
    """The failure that a response with an error status tells of: its name is in a header, or else in its body, with a
    namespace before it and an address after it that say nothing more."""
    try:
        said = msgspec.json.decode(body, type=Refused)
    except msgspec.MsgspecError:
        said = Refused()
    name = headers.get("x-amzn-errortype") or said.code
    code = name.partition(":")[0].rpartition("#")[2] or BY_STATUS.get(status, "InternalServerException")
    return ModelFailure(code, said.message, status=status)


def of_error(error: BaseException, *, opened: bool, started: bool) -> ModelFailure:
    """The failure behind one of `CAUGHT` (a TimeoutError is an OSError). `opened`: the response had begun; `started`:
    content had arrived."""
    if isinstance(error, ClientError):
        return _of_client_error(error, started=started)
    if isinstance(error, (NoCredentialsError, CredentialRetrievalError)):
        return ModelFailure("AccessDeniedException", str(error), status=403, started=started)
    if isinstance(error, (FrameError, ParserError, msgspec.MsgspecError)):
        return ModelFailure("StreamMalformed", f"{type(error).__name__}: {error}", started=started)
    if isinstance(error, TimeoutError):
        code = "StreamStalled" if started else "FirstTokenTimeout"
        return ModelFailure(code, "nothing arrived in time", started=started)
    code = "StreamCut" if opened else "ConnectionFailed"
    return ModelFailure(code, f"{type(error).__name__}: {error}", started=started)


def _of_client_error(error: ClientError, *, started: bool) -> ModelFailure:
    """Before the stream the response has a status; inside it (`EventStreamError`) only the name says what it was."""
    said = error.response.get("Error", {})
    code = str(said.get("Code") or "")
    code = code[:1].upper() + code[1:]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or STATUS.get(code, 500))
    if isinstance(error, EventStreamError):
        code = code or "ModelStreamErrorException"
        return ModelFailure(
            code, str(said.get("Message") or ""), status=STATUS.get(code, 500), opened=True, started=started
        )
    if code.isdigit() or code in ("", "Unknown", "UnknownError"):
        code = BY_STATUS.get(status, "InternalServerException")
    return ModelFailure(code, str(said.get("Message") or ""), status=status, started=started)
