"""UTF-16 and UTF-32 without a mark, told by where their line ends, blanks and letters of one script stand."""

from __future__ import annotations

import unicodedata
from collections import Counter

WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
SAMPLE = 64 * 1024
ORDINARY = frozenset("\t\n\r \u3000\u3001\u3002\uff0c")
LIKELY = 0.97
ONE_SCRIPT = 0.9
"""Of the letters beyond ASCII so many are of one script: bytes of another encoding, taken in pairs, are of all."""
TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK", "HANGUL": "CJK", "FULLWIDTH": "CJK"}
TELLING = 0.005
"""Of the characters so many are blanks, line ends or the stops of East Asia."""


def unmarked_utf(body: bytes) -> str | None:
    """Python's name of the one that the bytes are in; None when they are in none."""
    scored = [(score, name) for name in WIDE if (score := _score(body[:SAMPLE], name)) is not None]
    return max(scored)[1] if scored else None


def _score(sample: bytes, name: str) -> float | None:
    """How ordinary the text would be; None when it would be none."""
    width = 4 if "32" in name else 2
    try:
        text = sample[: len(sample) - len(sample) % width].decode(name)
    except UnicodeDecodeError:
        if name.startswith("utf-16") and len(sample) == SAMPLE:
            text = sample[:-2].decode(name, "replace")  # the sample may end between two surrogates
        else:
            return None
    if not text:
        return None
    fine = sum(one in ORDINARY or unicodedata.category(one)[0] in "LNPSMZ" for one in text)
    ordinary = sum(one in ORDINARY or "!" <= one <= "~" for one in text)
    if fine < LIKELY * len(text) or ordinary < TELLING * len(text):
        return None
    scripts = Counter(map(_script, filter(str.isalpha, filter(_beyond, text))))
    if scripts and max(scripts.values()) < ONE_SCRIPT * scripts.total():
        return None
    return ordinary / len(text)


def _beyond(character: str) -> bool:
    return character > "\x7f"


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "UNKNOWN").split()[0]
    return TOGETHER.get(first, first)
