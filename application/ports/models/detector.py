"""Finding private values in a text: which kind stands where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Span(msgspec.Struct, frozen=True, gc=False):
    """A private value: its kind (a key of `domain.tenant.events.PII_DEFAULTS`), where it stands in code points of the
    text, end exclusive, and how sure the finder is (0 to 1)."""

    kind: str
    start: int
    end: int
    score: float = 1.0


class Incomplete(tuple[Span, ...]):
    """What was found by rules alone, while the recogniser of `NAMED` kinds was away."""


NAMED = frozenset({"person", "address", "place", "organisation"})
"""Kinds that rules find in part only."""


class Detector(Protocol):
    """Finds private values."""

    async def find(self, text: str) -> Sequence[Span]:
        """The values in `text`, in order and without overlap. `DependencyUnavailable` when the finder is away: what
        was not looked at must not be taken for harmless. `Incomplete` when only a recogniser of names is away."""
        ...
