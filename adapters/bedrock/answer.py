"""Puts the events of one ConverseStream answer together: text as it comes, tool calls whole, usage at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from adapters.bedrock.failures import of_frame
from adapters.bedrock.frames import Headers
from application.ports.models.model import (
    CitedSpan,
    FailureKind,
    Finished,
    ModelEvent,
    ModelFailure,
    StopReason,
    TextDelta,
    ToolUse,
)
from domain.usage import Usage

MAX_BYTES = 1024 * 1024
"""Of an answer, text and tools' inputs together: many times what any of our requests asks for."""
MAX_BLOCKS = 256
"""Tool calls and citations of an answer."""
MAX_NAME = 128
"""Characters that a tool's name and the id of a call may have here; Converse allows 64."""


class ToolStart(msgspec.Struct):
    toolUseId: str
    name: str


class ToolInput(msgspec.Struct):
    input: str | None = None


class DeltaBody(msgspec.Struct):
    text: str | None = None
    toolUse: ToolInput | None = None
    citation: dict[str, Any] | None = None
    reasoningContent: dict[str, Any] | None = None


class BlockDelta(msgspec.Struct):
    delta: DeltaBody | None = None
    contentBlockIndex: int = 0


class BlockStartBody(msgspec.Struct):
    toolUse: ToolStart | None = None


class BlockStart(msgspec.Struct):
    start: BlockStartBody | None = None
    contentBlockIndex: int = 0


class BlockStop(msgspec.Struct):
    contentBlockIndex: int = 0


class MessageStop(msgspec.Struct):
    stopReason: str


class CacheDetail(msgspec.Struct):
    ttl: str | None = None
    inputTokens: int | None = None


class TokenUsage(msgspec.Struct):
    inputTokens: int
    outputTokens: int
    cacheReadInputTokens: int | None = None
    cacheWriteInputTokens: int | None = None
    cacheDetails: list[CacheDetail] | None = None
    estimated: bool = False  # never of Bedrock: of a stand-in whose model counts nothing

    def usage(self) -> Usage:
        """In our own words; what was written for an hour is dearer and counted apart."""
        long_writes = sum(detail.inputTokens or 0 for detail in self.cacheDetails or () if detail.ttl == "1h")
        cached = (self.cacheReadInputTokens or 0, self.cacheWriteInputTokens or 0)
        return Usage(self.inputTokens, self.outputTokens, *cached, long_writes)


class Metadata(msgspec.Struct):
    usage: TokenUsage


Event = BlockDelta | BlockStart | BlockStop | MessageStop | Metadata
EVENTS: dict[str, type[Event]] = {
    "contentBlockDelta": BlockDelta,
    "contentBlockStart": BlockStart,
    "contentBlockStop": BlockStop,
    "messageStop": MessageStop,
    "metadata": Metadata,
}
DECODERS = {name: msgspec.json.Decoder(kind).decode for name, kind in EVENTS.items()}


# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_use",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "content_filter",
}


def cited_passage(citation: dict[str, Any]) -> int:
    """The number of the passage, from 1, that a citation block points to; 0 when it points to none of ours."""
    where = citation.get("location")
    for location in where.values() if isinstance(where, dict) else ():
        for key in ("documentIndex", "searchResultIndex") if isinstance(location, dict) else ():
            if isinstance(location.get(key), int):
                return int(location[key]) + 1
    return 0


def decoded(decode: Callable[[bytes], Event], payload: bytes) -> Event:
    """An event of a payload. What in it is no Unicode (bytes, halves of a pair) is U+FFFD: the rest is an answer all
    the same. A msgspec error when it is no such event whatever one does."""
    try:
        return decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        try:
            said = json.loads(payload.decode(errors="replace"))
        except (ValueError, RecursionError):
            raise msgspec.DecodeError(str(error)) from None
        whole = json.dumps(said, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return decode(whole.encode())


def _why(reason: str, wants_tools: bool) -> StopReason:
    """In our own words. Tools are wanted only by whoever asked for one, and for each to its end."""
    return "incomplete" if reason == "tool_use" and not wants_tools else STOP_REASONS.get(reason, "incomplete")


class Answer:
    """One answer while it arrives. Text is merged until it is taken; everything else keeps its place in it."""

    def __init__(self) -> None:
        self.started = self.thinking = False
        self._text: list[str] = []
        self._events: list[ModelEvent] = []
        self._tools: dict[int, tuple[ToolStart, list[str]]] = {}
        self._whole_tools = 0
        self._stop_reason: str | None = None
        self._usage: Usage | None = None
        self._estimated = False
        self._room, self._blocks = MAX_BYTES, MAX_BLOCKS

    @property
    def calling(self) -> bool:
        """Whether the model is writing what a tool is to be called with, which it may do in silence."""
        return bool(self._tools)

    @property
    def ending(self) -> bool:
        """Whether the model has said all it will say; only accounts are still to come."""
        return self._stop_reason is not None

    @property
    def complete(self) -> bool:
        """Whether both of the end's events were seen; without them the answer was cut."""
        return self._stop_reason is not None and self._usage is not None

    def take_frame(self, headers: Headers, payload: bytes) -> None:
        """Account for one frame. Unknown events are skipped; an exception or error frame raises its ModelFailure."""
        if headers.kind != "event":
            raise of_frame(headers, payload, started=self.started)
        decode = DECODERS.get(headers.name)
        if decode is not None:
            self.take(decoded(decode, payload))

    def take(self, event: Event) -> None:
        """Account for one event."""
        if isinstance(event, BlockDelta):
            self._take_delta(event)
        elif isinstance(event, BlockStart):
            if event.start is not None and event.start.toolUse is not None:
                self.started = True
                self._count_block(event.start.toolUse.toolUseId, event.start.toolUse.name)
                self._tools[event.contentBlockIndex] = (event.start.toolUse, [])
        elif isinstance(event, BlockStop):
            if event.contentBlockIndex in self._tools:
                tool, parts = self._tools.pop(event.contentBlockIndex)
                self._whole_tools += 1
                self._add(ToolUse(tool.toolUseId, tool.name, "".join(parts) or "{}"))
        elif isinstance(event, MessageStop):
            self._stop_reason = event.stopReason
        else:
            self._usage, self._estimated = event.usage.usage(), event.usage.estimated

    def drain(self) -> list[ModelEvent]:
        """What has come since the last time, adjacent text as one delta."""
        if self._text:
            self._add_text()
        events, self._events = self._events, []
        return events

    def finished(self) -> Finished:
        """The end of the answer; StreamCut when its last events never came."""
        if self._stop_reason is None or self._usage is None:
            raise ModelFailure(FailureKind.CUT, "the stream ended before its end", started=self.started)
        wants_tools = bool(self._whole_tools) and not self._tools
        return Finished(_why(self._stop_reason, wants_tools), self._usage, self._estimated)

    def _take_delta(self, event: BlockDelta) -> None:
        delta = event.delta
        if delta is None:
            return
        self.thinking = delta.reasoningContent is not None
        if delta.text:
            self.started = True
            self._take_room(delta.text)
            self._text.append(delta.text.replace("\0", "\ufffd") if "\0" in delta.text else delta.text)
        elif delta.toolUse is not None and event.contentBlockIndex in self._tools:
            self._take_room(delta.toolUse.input or "")
            self._tools[event.contentBlockIndex][1].append(delta.toolUse.input or "")
        elif delta.citation is not None and (n := cited_passage(delta.citation)):
            self._count_block()
            self._add(CitedSpan(n))

    def _take_room(self, text: str) -> None:
        """A character is a byte at least; a model that goes on for ever is no model."""
        self._room -= len(text)
        if self._room < 0:
            raise ModelFailure(FailureKind.MALFORMED, f"an answer of more than {MAX_BYTES} bytes", started=True)

    def _count_block(self, *names: str) -> None:
        self._blocks -= 1
        if self._blocks < 0 or any(len(name) > MAX_NAME for name in names):
            raise ModelFailure(FailureKind.MALFORMED, "an answer of too many blocks, or too long names", started=True)

    def _add(self, event: ModelEvent) -> None:
        if self._text:
            self._add_text()
        self._events.append(event)

    def _add_text(self) -> None:
        self._events.append(TextDelta("".join(self._text)))
        self._text.clear()
