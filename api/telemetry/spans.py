"""Spans of turns, made of their facts as they are stored: nothing on an answer's way waits for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import anyio.to_thread
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from api.telemetry import genai
from api.telemetry.trace import current_trace, span_of
from domain.event import Envelope, Event, StreamId
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e

MOST_OPEN = 10_000
"""Spans that have begun and not ended: the oldest end as they are, for nobody tells of them any more."""
STOP_MS = 3_000


class TraceIds(RandomIdGenerator):
    """A trace has the id that stands in our log lines and problem documents: the caller's, where it brought one. A
    turn's span is named by its turn (`turn_id`, set just before it begins)."""

    turn_id = ""

    def generate_span_id(self) -> int:
        """See `RandomIdGenerator`."""
        turn_id, self.turn_id = self.turn_id, ""
        return span_of(turn_id) if turn_id else super().generate_span_id()

    def generate_trace_id(self) -> int:
        """See `RandomIdGenerator`."""
        trace_id = current_trace()
        return int(trace_id, 16) if trace_id else super().generate_trace_id()


class Spans:
    """Turns, their steps, calls and tools. A step's and a tool's time is what its fact says; of a turn and a call it is
    that between two facts, of which the later one may have waited for others to be stored with."""

    def __init__(self, tracer: Tracer, ids: TraceIds, most_open: int = MOST_OPEN) -> None:
        self._tracer, self._ids, self._most_open = tracer, ids, most_open
        self._open: OrderedDict[str, Span] = OrderedDict()

    def see(self, facts: Sequence[Envelope]) -> None:
        """Facts that have just been stored."""
        for fact in facts:
            self._see(fact.event, StreamId.parse(fact.stream), fact.at)

    def _see(self, event: Event, stream: StreamId, at: datetime) -> None:
        match event:
            case e.TurnStarted():
                self._ids.turn_id = event.turn_id
                self._begin(event.turn_id, *genai.turn_span(stream, event.turn_id), at)
            case ModelCallStarted():
                name, found = genai.call_span(event)
                self._begin(event.call_id, name, found, at, event.turn_id, SpanKind.CLIENT)
            case TokensUsed():
                self._end(event.call_id, genai.call_end(event), at, event.failure)
            case e.StepRun():
                self._whole(event.turn_id, *genai.step_span(event), at, event.ms)
            case e.ToolCalled() if event.status != "started":
                self._whole(event.turn_id, *genai.tool_span(event), at, event.ms)
            case e.PassagesRetrieved():
                self._whole(event.turn_id, *genai.search_span(event), at, event.ms)
            case e.TurnCompleted() | e.TurnCancelled():
                self._end(event.turn_id, genai.turn_end(event), at)
            case e.TurnFailed():
                self._end(event.turn_id, genai.turn_end(event), at, event.code)
            case _:
                pass

    def _begin(
        self,
        key: str,
        name: str,
        found: genai.Attributes,
        at: datetime,
        of: str = "",
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        self._open[key] = self._tracer.start_span(name, self._within(of), kind, found, start_time=_nanoseconds(at))
        if len(self._open) > self._most_open:
            self._open.popitem(last=False)[1].end()

    def _end(self, key: str, found: genai.Attributes, at: datetime, failure: str = "") -> None:
        if span := self._open.pop(key, None):
            span.set_attributes(found)
            if failure:
                span.set_status(Status(StatusCode.ERROR, failure))
            span.end(_nanoseconds(at))

    def _whole(self, of: str, name: str, found: genai.Attributes, at: datetime, ms: int) -> None:
        began = _nanoseconds(at - timedelta(milliseconds=ms))
        self._tracer.start_span(name, self._within(of), attributes=found, start_time=began).end(_nanoseconds(at))

    def _within(self, of: str) -> Context:
        parent = self._open.get(of)
        return Context() if parent is None else set_span_in_context(parent, Context())


def open_spans(exporter: SpanExporter, stack: AsyncExitStack) -> Spans:
    """Spans of turns."""
    ids = TraceIds()
    return Spans(open_tracer(exporter, stack, ids), ids)


def open_tracer(exporter: SpanExporter, stack: AsyncExitStack, ids: IdGenerator | None = None) -> Tracer:
    """Makes spans that go to a collector from a thread of their own, a bounded number of them waiting; what waits at
    the end is sent within three seconds."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(
        resource=Resource.create({"service.name": "colloquy"}), id_generator=ids, shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))

    def close() -> None:
        provider.force_flush(STOP_MS)
        provider.shutdown()

    stack.push_async_callback(anyio.to_thread.run_sync, close)
    return provider.get_tracer("colloquy")


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000
