"""Of spans that overlap, the one to keep: values proved by a checksum or a fixed form first, then the longest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from application.ports.models.detector import Span

PROVED = 0.95
"""The score from which a span counts as proved."""


def resolve(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans to keep, in order, without overlap. Four numbers with dots between them that are an address are one,
    whatever their checksum says of them as another number."""
    return tuple(span for group in _groups(sorted(spans, key=attrgetter("start"))) for span in _kept(group))


def _groups(spans: list[Span]) -> Iterator[list[Span]]:
    """Those that overlap one another, if only through others, together."""
    group: list[Span] = []
    end = 0
    for span in spans:
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield group


def _kept(group: list[Span]) -> list[Span]:
    if len(group) == 1:
        return group
    first, last = group[0].start, max(span.end for span in group)
    taken = bytearray(last - first)
    kept = []
    for span in sorted(group, key=_rank):
        place = slice(span.start - first, span.end - first)
        if taken.find(1, place.start, place.stop) < 0:
            taken[place] = b"\x01" * (span.end - span.start)
            kept.append(span)
    return sorted(kept, key=attrgetter("start"))


def _rank(span: Span) -> tuple[bool, int, float, bool, int]:
    return span.score < PROVED, span.start - span.end, -span.score, span.kind != "ip", span.start
