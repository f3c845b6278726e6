"""Spans of batches of facts that go into read models, with links to the turns whose facts they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, Tracer

from api.telemetry import genai
from api.telemetry.trace import span_of
from application.ports.facts.event_store import Recorded
from domain.event import Envelope

MOST_LINKS = 32
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
Heading = Callable[[Recorded], Envelope]


class BatchSpans:
    """A span for each batch. Its links are of the first so many turns in it that were traced."""

    def __init__(self, tracer: Tracer, heading: Heading) -> None:
        self._tracer, self._heading = tracer, heading

    @contextmanager
    def __call__(self, projection: str, lane: int, facts: Sequence[Recorded]) -> Iterator[None]:
        """For as long as the batch takes; what it fails of is the span's."""
        name, found = genai.batch_span(projection, lane, len(facts))
        with self._tracer.start_as_current_span(name, None, SpanKind.CONSUMER, found, self._links(facts)):
            yield

    def _links(self, facts: Sequence[Recorded]) -> list[Link]:
        turns: dict[tuple[str, str], None] = {}
        for fact in facts:
            heading = self._heading(fact)
            if heading.trace_id and len(turns) < MOST_LINKS:
                turns[heading.trace_id, heading.correlation_id] = None
        return [Link(SpanContext(int(trace_id, 16), span_of(turn), True, SAMPLED)) for trace_id, turn in turns]
