"""Detectors for tests: one that finds nothing, and one that finds the words a test names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from application.ports.models.detector import Span


class NothingPrivate:
    """Finds nothing."""

    async def find(self, text: str) -> Sequence[Span]:
        return ()


class NamedWords:
    """Finds the words it was given, each of its kind."""

    def __init__(self, **kinds: str) -> None:
        self._words = {word: kind for kind, word in kinds.items()}

    async def find(self, text: str) -> Sequence[Span]:
        found = [
            Span(kind, *match.span())
            for word, kind in self._words.items()
            for match in re.finditer(re.escape(word), text)
        ]
        return sorted(found, key=lambda span: span.start)
