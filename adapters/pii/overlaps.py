"""Of spans that overlap, the one to keep: values proved by a checksum or a fixed form first, then the longest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from application.ports.detector import Span

PROVED = 0.95
"""The score from which a span counts as proved."""


def resolve(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans to keep, in order, without overlap. Four numbers with dots between them that are an address are one,
    whatever their checksum says of them as another number."""
    ranked = sorted(spans, key=_rank)
    kept: list[Span] = []
    starts: list[int] = []
    for span in ranked:
        place = bisect_left(starts, span.start)
        before_ends = place == 0 or kept[place - 1].end <= span.start
        if before_ends and (place == len(kept) or kept[place].start >= span.end):
            kept.insert(place, span)
            starts.insert(place, span.start)
    return tuple(kept)


def _rank(span: Span) -> tuple[bool, int, float, bool, int]:
    return span.score < PROVED, span.start - span.end, -span.score, span.kind != "ip", span.start
