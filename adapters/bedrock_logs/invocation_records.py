"""One line of Bedrock's model invocation log to the call it tells of, with the bodies passed over undecoded."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from application.ports.models.invocation_logs import LoggedCall, UnreadableLine
from domain.usage import Usage


class LoggedCacheDetail(msgspec.Struct):
    ttl: str = ""
    inputTokens: int = 0


class BodyUsage(msgspec.Struct):
    cacheDetails: list[LoggedCacheDetail] = []


class OutputBody(msgspec.Struct):
    usage: BodyUsage = msgspec.field(default_factory=BodyUsage)


class Input(msgspec.Struct):
    inputTokenCount: int | None = None
    cacheReadInputTokenCount: int | None = None
    cacheWriteInputTokenCount: int | None = None


class LoggedOutput(msgspec.Struct):
    outputTokenCount: int | None = None
    outputBodyJson: msgspec.Raw = msgspec.Raw(b"{}")


class Record(msgspec.Struct):
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html"""

    timestamp: datetime
    requestId: str
    operation: str
    modelId: str
    input: Input = msgspec.field(default_factory=Input)
    output: LoggedOutput = msgspec.field(default_factory=LoggedOutput)
    requestMetadata: dict[str, str] | None = None
    errorCode: str | None = None


_decode = msgspec.json.Decoder(Record).decode
_decode_body = msgspec.json.Decoder(OutputBody).decode


def read_record(line: bytes, place: str) -> LoggedCall | UnreadableLine:
    """The call that a line of `place` tells of. A count that is missing is zero, as in the log of a refused call."""
    try:
        record = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return UnreadableLine(place, str(error))
    at = record.timestamp if record.timestamp.tzinfo else record.timestamp.replace(tzinfo=UTC)
    return LoggedCall(
        request_id=record.requestId,
        at=at,
        operation=record.operation,
        model=record.modelId.rpartition("/")[2],
        usage=Usage(
            record.input.inputTokenCount or 0,
            record.output.outputTokenCount or 0,
            record.input.cacheReadInputTokenCount or 0,
            record.input.cacheWriteInputTokenCount or 0,
            _long_writes(record),
        ),
        metadata=record.requestMetadata or {},
        error_code=record.errorCode or "",
    )


def _long_writes(record: Record) -> int:
    """Tokens written to the prompt cache for an hour: the counts leave it open, the answer's body may say it."""
    if not record.input.cacheWriteInputTokenCount:
        return 0
    try:
        details = _decode_body(record.output.outputBodyJson).usage.cacheDetails
    except msgspec.MsgspecError:
        return 0
    return sum(detail.inputTokens for detail in details if detail.ttl == "1h")
