"""Spelling tricks undone before matching: wide and foreign digits, look-alike letters, invisible characters, with the
way back to the places in the text as it was typed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import msgspec

_FOLDABLE = re.compile(r"[\x00-\x7f]?[\u0300-\u036f]+|[^\x00-\x7f][\u0300-\u036f]*")

# Letters of other scripts that look like Latin ones, as lists of pairs.
_LATIN = dict(
    zip(
        "аеорсухіјѕԁһԛԝкмтвнАВЕКМНОРСТХУІЈЅԌαονικρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧօհոսցɑɡⲟᴏ",
        "aeopcyxijsdhqwkmtbhABEKMHOPCTXYIJSGaovikptuxABEZHIKMNOPTYXohnugagoo",
        strict=True,
    )
)
_SIGNS = str.maketrans(
    {"‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "⁃": "-", "﹣": "-", "。": ".", "․": ".",
     "・": ".", "·": ".", "•": ".", "⁄": "/", "∕": "/", "’": "'", "‘": "'", "ʼ": "'"}
)  # fmt: skip
_SILENT = ("Cf", "Cc", "Mn", "Me")
_UNSEEN = "\u115f\u1160\u3164\u2800"
"""Characters that are blank and of no category that says so."""


class Folded(msgspec.Struct, frozen=True):
    """A text made plain. `starts` and `ends` give for each of its characters the place in the original; None when
    every character stands where it stood."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """From a place in the folded text to the place in the original."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


@lru_cache(maxsize=8_192)
def _fold(cluster: str) -> str:
    """A character with its accents, made plain; empty when it cannot be seen."""
    folded = ""
    for character in unicodedata.normalize("NFKC", cluster):
        category = unicodedata.category(character)
        if character in _UNSEEN or (category in _SILENT and character not in "\t\n\r"):
            continue
        if category == "Nd":
            character = str(unicodedata.decimal(character))
        elif category == "Zs":
            character = " "
        folded += _LATIN.get(character, character)
    return folded.translate(_SIGNS)


def fold(text: str) -> Folded:
    """Make a text plain (NFKC, decimal digits of every script, look-alikes, no invisible characters). The usual text
    is ASCII already and comes back as it is."""
    if text.isascii():
        return Folded(text)
    pieces: list[tuple[int, int, str]] = []
    same_length = True
    for match in _FOLDABLE.finditer(text):
        cluster = match[0]
        folded = _fold(cluster)
        if folded != cluster:
            pieces.append((match.start(), match.end(), folded))
            same_length = same_length and len(folded) == len(cluster)
    if not pieces:
        return Folded(text)
    return _replaced(text, pieces) if same_length else _mapped(text, pieces)


def _replaced(text: str, pieces: list[tuple[int, int, str]]) -> Folded:
    characters = list(text)
    for start, end, folded in pieces:
        characters[start:end] = folded
    return Folded("".join(characters))


def _mapped(text: str, pieces: list[tuple[int, int, str]]) -> Folded:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for start, end, folded in pieces:
        out += (text[done:start], folded)
        starts += [*range(done, start), *[start] * len(folded)]
        ends += [*range(done + 1, start + 1), *[end] * len(folded)]
        done = end
    out.append(text[done:])
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return Folded("".join(out), starts, ends)
