"""Of spans that overlap, the one to keep: values proved by a checksum or a fixed form first, then the longest."""

from __future__ import annotations

from collections.abc import Iterable

from application.ports.detector import Span

PROVED = 0.95
"""The score from which a span counts as proved."""


def resolve(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans to keep, in order, without overlap."""
    ranked = sorted(spans, key=lambda span: (span.score < PROVED, span.start - span.end, -span.score, span.start))
    kept: list[Span] = []
    for span in ranked:
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: span.start))
