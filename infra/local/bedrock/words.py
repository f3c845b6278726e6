"""Words of a text as the stand-in compares them: lower case, without endings, without those that say nothing."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
SILENT = frozenset(
    """
    a an and are as at be been but by can could did do does for from get give had has have he her his how i if in
    into is it its just me my no not of on one or our out she should so some tell than that the their them then
    there these they this to up us was we were what when where which who whom whose why will with would you your
    about any please
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ied", "ers", "er", "ed", "es", "ly", "s", "e", "y")


REMEMBERED = 65_536
"""Words and the like that are worked out once: the stand-in shares its cores with what is measured."""


@lru_cache(REMEMBERED)
def stem(word: str) -> str:
    """A word without a common ending, when four letters or more stay."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if len(word) == 4 and word.endswith("s") else word


def content_words(text: str) -> list[str]:
    """The stems of the words that carry the meaning, in order."""
    words = [word.removesuffix("'s") for word in WORD.findall(text.lower())]
    return [stem(word) for word in words if word not in SILENT]
