"""A detector that knows its values beforehand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from application.ports.models.detector import Span


class WordDetector:
    """Finds the given values, each of the given kind, wherever they stand; remembers what it was shown."""

    def __init__(self, **kinds: str | Sequence[str]) -> None:
        self.kinds = {
            value: kind for kind, values in kinds.items() for value in ([values] if isinstance(values, str) else values)
        }
        self.shown: list[str] = []

    async def find(self, text: str) -> Sequence[Span]:
        self.shown.append(text)
        if not self.kinds:
            return []
        longest_first = sorted(self.kinds, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first))
        return [Span(self.kinds[m[0]], *m.span()) for m in re.finditer(pattern, text)]
