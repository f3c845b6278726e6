"""Text to the words it is found by, and those to numbers that tell nothing without the tenant's key."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from functools import lru_cache

import snowballstemmer

from application.normal_form import normal

WORD = re.compile(r"\w+")
# Scripts that put no blanks between words: a run of them is found by its pairs of characters.
UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
LONGEST = 64
STOP_WORDS = frozenset(
    WORD.findall(
        "a about also an and any are as at be been being between both but by can could did do does during each for "
        "from had has have he her his how i if in into is it its may more most no nor not of on one only or other our "
        "she should so some such than that the their them then there these they this those to was we were what when "
        "where which while who whom whose why will with would you your"
    )
)
_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    """The word's stem (Porter's second English algorithm). Cached: a corpus says the same words over and over."""
    return str(_stemmer.stemWord(word))


def words_of(text: str) -> list[str]:
    """The stems of a text, without the words that tell nothing."""
    folded = normal("NFKC", text).casefold()
    words = [_stem(word[:LONGEST]) for word in WORD.findall(UNSPACED.sub(" ", folded)) if word not in STOP_WORDS]
    for run in UNSPACED.findall(folded):
        words += [run[place : place + 2] for place in range(max(1, len(run) - 1))]
    return words


def blind(key: bytes, words: list[str]) -> dict[int, int]:
    """Words to how often each stands there, by the first eight bytes of its HMAC-SHA-256 as a signed number."""
    return {
        int.from_bytes(hmac.digest(key, word.encode(), "sha256")[:8], "big", signed=True): times
        for word, times in Counter(words).items()
    }
