"""What hears of each fact that a process stores: its counters, and, where a setting asks for them, its spans; and what
makes spans of the batches that read models take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from api.settings import Settings
from api.telemetry.event_metrics import count_stored
from application.ports.facts.event_store import Recorded
from domain.event import Envelope
from projections.runner import AroundBatch, around_nothing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

Observe = Callable[[Sequence[Envelope]], None]


def observer(settings: Settings, stack: AsyncExitStack) -> Observe:
    """Counters, and spans where they are wanted; RuntimeError when they are and cannot be had."""
    if settings.traces == "off":
        return count_stored
    sent = _exporter(settings)
    from api.telemetry.spans import open_spans

    spans = open_spans(sent, stack)

    def observe(facts: Sequence[Envelope]) -> None:
        count_stored(facts)
        spans.see(facts)

    return observe


def around_batches(settings: Settings, stack: AsyncExitStack, heading: Callable[[Recorded], Envelope]) -> AroundBatch:
    """What a batch of a read model runs in: a span where they are wanted."""
    if settings.traces == "off":
        return around_nothing
    sent = _exporter(settings)
    from api.telemetry.batches import BatchSpans
    from api.telemetry.spans import open_tracer

    return BatchSpans(open_tracer(sent, stack), heading)


def _exporter(settings: Settings) -> SpanExporter:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise RuntimeError(f"COLLOQUY_TRACES={settings.traces} needs `pip install colloquy[traces]`: {error}") from None
    return OTLPSpanExporter()
