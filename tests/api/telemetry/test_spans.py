"""Spans of a turn are made of its facts, with the conventions' names, and hold nothing that somebody said."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from api.settings import Settings, read_settings
from api.telemetry.batches import BatchSpans
from api.telemetry.event_metrics import count_stored
from api.telemetry.observing import observer
from api.telemetry.spans import Spans, TraceIds
from api.telemetry.trace import begin_trace, traceparent_of
from application.ports.facts.event_store import Recorded
from domain.event import Envelope, Event
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.usage import Usage

SECRET = "what-somebody-said"
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CALL = ModelCallStarted(call_id="c", step="answer", model=MODEL, user="u", turn_id="t")
USED = TokensUsed(
    call_id="c", step="answer", model=MODEL, user="u", turn_id="t", usage=Usage(7, 3), cost_usd=Decimal("0.5")
)
TURN: list[Event] = [
    e.TurnStarted(turn_id="t", client_id="x", text=SECRET),
    CALL,
    e.ToolCalled(turn_id="t", key="k", name="stock", input=SECRET, output=SECRET, status="completed", ms=40),
    USED,
    e.StepRun(turn_id="t", step="title", model=MODEL, result=SECRET, ms=20),
    e.PassagesRetrieved(turn_id="t", passages=(), ms=30),
    e.TurnCompleted(turn_id="t", text=SECRET, model=MODEL, ttft_ms=300),
]


def spans_of(facts: list[Event], most_open: int = 100) -> list[ReadableSpan]:
    """What is exported when these facts are stored, a second after each other."""
    exporter, ids = InMemorySpanExporter(), TraceIds()
    provider = TracerProvider(id_generator=ids)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = Spans(provider.get_tracer("test"), ids, most_open)
    for number, fact in enumerate(facts):
        at = BEGAN + timedelta(seconds=number)
        spans.see([Envelope(stream="tenant/session/s", version=number + 1, at=at, event=fact)])
    return list(exporter.get_finished_spans())


def test_a_turn_its_call_its_tool_and_its_step_are_one_trace() -> None:
    begin_trace([(b"traceparent", b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01")])
    found = {span.name: span for span in spans_of(TURN)}
    turn = found.pop("invoke_agent")
    assert found.keys() == {f"chat {MODEL}", "execute_tool stock", "step title", "retrieval"}
    assert all(span.parent and turn.context and span.parent.span_id == turn.context.span_id for span in found.values())
    assert {format(span.context.trace_id, "032x") for span in [turn, *found.values()] if span.context} == {"ab" * 16}
    call = found[f"chat {MODEL}"]
    assert call.attributes is not None and turn.attributes is not None
    assert call.attributes["gen_ai.provider.name"] == "aws.bedrock"
    assert call.attributes["gen_ai.usage.input_tokens"] == 7 and call.attributes["gen_ai.usage.output_tokens"] == 3
    assert turn.attributes["gen_ai.conversation.id"] == "s"
    seconds = {span.name: ((span.end_time or 0) - (span.start_time or 0)) / 1e9 for span in [turn, *found.values()]}
    assert seconds == {
        "invoke_agent": 6.0, f"chat {MODEL}": 2.0, "execute_tool stock": 0.04, "step title": 0.02, "retrieval": 0.03
    }  # fmt: skip
    assert all(SECRET not in span.to_json() for span in [turn, *found.values()])


def test_a_batch_of_a_read_model_is_linked_to_the_turns_whose_facts_it_takes() -> None:
    (turn,) = (span for span in spans_of(TURN) if span.name == "invoke_agent")
    facts = [Recorded(n, n - 1, "tenant/session/s", n, "turn.started.1", b"") for n in range(1, 4)]
    stored = Envelope(stream="tenant/session/s", version=1, at=BEGAN, event=TURN[1], correlation_id="t")
    headings = {1: stored, 2: msgspec.structs.replace(stored, trace_id="ab" * 16)}
    headings[3] = headings[2]
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    around = BatchSpans(provider.get_tracer("test"), lambda fact: headings[fact.position])
    with pytest.raises(ConnectionError), around("costs", 0, facts):
        raise ConnectionError
    (batch,) = exporter.get_finished_spans()
    assert batch.name == "project costs" and batch.status.status_code is StatusCode.ERROR
    (link,) = batch.links
    assert turn.context and link.context.span_id == turn.context.span_id and link.context.trace_id == int("ab" * 16, 16)
    assert traceparent_of(headings[2]) == f"00-{'ab' * 16}-{turn.context.span_id:016x}-01"
    assert traceparent_of(stored) == ""


def test_failures_say_why_and_what_nobody_ends_does_not_stay() -> None:
    refused = TokensUsed(call_id="c", step="answer", model=MODEL, user="u", turn_id="t", failure="ThrottlingException")
    failed = e.TurnFailed(turn_id="t", code="model_unavailable", message=SECRET, retryable=True)
    errors = {span.name.split()[0]: span.status.description for span in spans_of([TURN[0], CALL, refused, failed])}
    assert errors == {"chat": "ThrottlingException", "invoke_agent": "model_unavailable"}
    lost = spans_of([e.TurnStarted(turn_id=str(n), client_id="x", text="") for n in range(5)], most_open=2)
    assert len(lost) == 3


def test_they_are_off_unless_a_setting_asks_for_them() -> None:
    with pytest.raises(ValueError, match="COLLOQUY_TRACES"):
        read_settings({"COLLOQUY_TRACES": "everything"})
    assert observer(Settings(), AsyncExitStack()) is count_stored
