"""What rules and a recogniser say of the same text, as one: names and addresses that touch are joined."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.pii.overlaps import resolve
from application.ports.models.detector import Span

SOFT = ("address", "person", "place", "organisation")
"""Kinds that nothing proves, the widest first: a place within an address is part of it."""


def union(rules: Sequence[Span], recognised: Sequence[Span]) -> tuple[Span, ...]:
    """In order and without overlap. What is proved stays as it is, and is cut out of nothing: it wins."""
    hard = [span for span in rules if span.kind not in SOFT]
    soft = sorted((*(span for span in rules if span.kind in SOFT), *recognised), key=lambda span: span.start)
    joined: list[Span] = []
    for span in soft:
        if joined and span.start < joined[-1].end:
            before = joined.pop()
            kind = min(before.kind, span.kind, key=SOFT.index)
            span = Span(kind, before.start, max(before.end, span.end), max(before.score, span.score))
        joined.append(span)
    return resolve((*hard, *joined))
