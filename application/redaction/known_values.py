"""Private values already found in a turn, found again wherever they stand in its other texts, in one pass over each."""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterator

from application.ports.models.detector import Span

_MAY_BEGIN = re.compile(r"(?<!\w)\S")
LEAST, LONGEST = 6, 256
"""Characters of a value that is known; a shorter one would be found where it is something else."""
PASS = 1_000
"""Places of a text after which whoever looks may take a pause."""


class KnownValues:
    """At most `most` values, by how they begin. What is looked at for one place of a text does not grow with how many
    there are, only with in how many lengths the same beginning is known."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kinds: dict[str, str] = {}
        self._lengths: dict[str, list[int]] = {}

    def add(self, value: str, kind: str) -> None:
        """Know a value, when it is neither too short nor too long nor one too many."""
        if len(self._kinds) >= self._most or value in self._kinds or not LEAST <= len(value) <= LONGEST:
            return
        self._kinds[value] = kind
        lengths = self._lengths.setdefault(value[:LEAST], [])
        if -len(value) not in lengths:
            insort(lengths, -len(value))

    def find(self, text: str) -> Iterator[Span | None]:
        """Where one stands as a word or words of its own, the longest from each place, in order and without overlap;
        None where a pause can be taken."""
        done = 0
        for number, match in enumerate(_MAY_BEGIN.finditer(text) if self._kinds else ()):
            if number % PASS == PASS - 1:
                yield None
            start = match.start()
            lengths = self._lengths.get(text[start : start + LEAST]) if start >= done else None
            if lengths and (span := self._longest(text, start, lengths)):
                done = span.end
                yield span

    def _longest(self, text: str, start: int, lengths: list[int]) -> Span | None:
        for length in lengths:
            end = start - length
            kind = self._kinds.get(text[start:end])
            if kind and not _is_word(text[end : end + 1]):
                return Span(kind, start, end)
        return None


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
