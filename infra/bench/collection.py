"""A collection that search is measured by: documents, questions, and which answers which; and how ranks score."""

from __future__ import annotations

import math
from collections.abc import Collection as Some
from collections.abc import Sequence

import msgspec

DEPTH = 10


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """Documents as (title, text) and questions by their ids, and the ids of the documents that answer a question."""

    name: str
    documents: dict[str, tuple[str, str]]
    questions: dict[str, str]
    relevant: dict[str, set[str]]


def ndcg(ranked: Sequence[str], relevant: Some[str]) -> float:
    """Normalised discounted cumulative gain of the first ten with binary gains (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(place + 2) for place, document in enumerate(ranked[:DEPTH]) if document in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(DEPTH, len(relevant))))
