"""Runs a pattern over a text in stretches: the matches that it has at once, with places to pause between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from application.ports.models.detector import Span

STRETCH = 8_192
"""Characters in which matches are looked for until a pause can be taken."""
REACH = 2_560
"""More than the widest of our patterns reads from where it begins: a text that ends so far behind a stretch is, for the
matches that begin in it, the whole text."""
PAUSE_EVERY = 8
"""Matches that are read between two places to pause."""
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
        matches = pattern.finditer(text, cut - stretch, len(text) if whole else cut + REACH)
        last: re.Match[str] | None = None
        left = PAUSE_EVERY
        for match in matches:
            if not whole and match.start() >= cut:
                break
            last = match
            yield from read(match)
            left -= 1
            if not left:
                left = PAUSE_EVERY
                yield None
        if last is not None and last.end() > cut:
            place = last.end()
        if whole:
            return
        yield None


def spans(pattern: re.Pattern[str], text: str, kind: str, score: float = 1.0, group: int = 0) -> Found:
    """Each match, or its group, as a value of a kind."""
    return found(pattern, text, lambda match: (Span(kind, *match.span(group), score),))


class Nearby:
    """Whether a pattern matches near places of a text, which are asked for in their order: each part of the text is
    looked at once, and what is near none of them never."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._pattern, self._text = pattern, text
        self._looked_at = self._last = 0

    def any_in(self, start: int, end: int) -> bool:
        """Whether a match ends behind `start`. Where the pattern matches between these two, one does."""
        for match in self._pattern.finditer(self._text, max(start, self._looked_at), end):
            self._last = match.end()
        self._looked_at = max(end, self._looked_at)
        return self._last > max(start, 0)
