"""Runs a pattern over a text in stretches: the matches that it has at once, with places to pause between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from application.ports.detector import Span

STRETCH = 8_192
"""Characters in which matches are looked for until a pause can be taken."""
REACH = 2_560
"""More than the widest of our patterns reads from where it begins: a text that ends so far behind a stretch is, for the
matches that begin in it, the whole text."""
Found = Iterator[Span | None]
"""Spans, and None wherever a pause can be taken."""


def found(
    pattern: re.Pattern[str], text: str, read: Callable[[re.Match[str]], Iterable[Span]], stretch: int = STRETCH
) -> Found:
    """What `read` makes of each match, in order; the matches are those of `finditer`."""
    place = 0
    while place < len(text):
        cut = place + stretch
        whole = cut + REACH >= len(text)
        place = cut
        for match in pattern.finditer(text, cut - stretch, len(text) if whole else cut + REACH):
            if not whole and match.start() >= cut:
                break
            yield from read(match)
            yield None
            place = max(cut, match.end())
        if whole:
            return
        yield None


def spans(pattern: re.Pattern[str], text: str, kind: str, score: float = 1.0, group: int = 0) -> Found:
    """Each match, or its group, as a value of a kind."""
    return found(pattern, text, lambda match: (Span(kind, *match.span(group), score),))
