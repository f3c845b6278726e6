"""What hears of each fact that a process stores: its counters, and, where a setting asks for them, its spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from api.settings import Settings
from api.telemetry.event_metrics import count_stored
from domain.event import Envelope

Observe = Callable[[Sequence[Envelope]], None]


def observer(settings: Settings, stack: AsyncExitStack) -> Observe:
    """Counters, and spans where they are wanted; RuntimeError when they are and cannot be had."""
    if settings.traces == "off":
        return count_stored
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from api.telemetry.spans import open_spans
    except ImportError as error:
        raise RuntimeError(f"COLLOQUY_TRACES={settings.traces} needs `pip install colloquy[traces]`: {error}") from None
    spans = open_spans(OTLPSpanExporter(), stack)

    def observe(facts: Sequence[Envelope]) -> None:
        count_stored(facts)
        spans.see(facts)

    return observe
