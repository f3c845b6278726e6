"""Vectors without a model: words, pairs of words and letter triples, hashed into a signed space and weighted."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from infra.local.bedrock.words import REMEMBERED, content_words

VECTORS = 256
"""That are remembered: a real model would cost this machine nothing at all."""
WEIGHTS = {"word": 1.0, "pair": 0.6, "triple": 0.25}


@lru_cache(VECTORS)
def embed(text: str, dimensions: int) -> tuple[float, ...]:
    """A unit vector of `dimensions` numbers; texts that share words lie near each other, synonyms do not."""
    words = content_words(text) or [text.lower().strip() or "nothing"]
    triples = (f" {word} "[i : i + 3] for word in words for i in range(len(word)))
    vector = [0.0] * dimensions
    for kind, features in (("word", words), ("pair", [" ".join(p) for p in pairwise(words)]), ("triple", triples)):
        for feature, often in Counter(features).items():
            place, weight = _place(kind, feature)
            vector[place % dimensions] += weight * (1.0 + math.log(often))
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return tuple(x / length for x in vector)


@lru_cache(REMEMBERED)
def _place(kind: str, feature: str) -> tuple[int, float]:
    """Where a feature counts, before it is folded into the space, and its weight with its sign."""
    digest = zlib.crc32(f"{kind}:{feature}".encode()) * 2_654_435_761 & 0xFFFFFFFF
    return digest >> 1, WEIGHTS[kind] if digest & 1 else -WEIGHTS[kind]
