"""Spelling tricks undone before matching: wide and foreign digits, look-alike letters, invisible characters, with the
way back to the places in the text as it was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

_CLUSTER = re.compile(r"(?s:.)[\u0300-\u036f]{0,30}+")
"""A character with its accents. No script has thirty on one: what normalising takes grows with the square of them."""
_ODD = re.compile(r"\x00++")
STRETCH = 4_096
"""Characters that are folded until a pause can be taken."""

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
     "・": ".", "·": ".", "•": ".", "⁄": "/", "∕": "/", "’": "'", "‘": "'", "ʼ": "'", "İ": "I"}
)  # fmt: skip
_SILENT = ("Cf", "Cc", "Mn", "Me")
_UNSEEN = "\u115f\u1160\u3164\u2800"
"""Characters that are blank and of no category that says so."""


class Folded(msgspec.Struct, frozen=True):
    """A text made plain. `starts` and `ends` give for each of its characters the place in the original; None when
    every character stands where it stood; `size` is the length of the original."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None
    size: int = 0

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """From a place in the folded text to the place in the original."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _OneForOne(dict[int, str]):
    """What each character folds to when it is one character, whatever stands beside it; else a NUL."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = character if code < 0x80 else _fold(character)
        alone = len(folded) == 1 and not _is_mark(character)
        self[code] = folded if alone else "\x00"
        return self[code]


_ONE_FOR_ONE = _OneForOne()


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
    return joined(fold_stretches(text))


def fold_stretches(text: str, stretch: int = STRETCH) -> Iterator[Folded]:
    """A text folded in stretches, between which a pause can be taken."""
    if text.isascii():
        yield Folded(text)
        return
    start = 0
    while start < len(text):
        end = start + stretch
        while end < len(text) and _is_mark(text[end]) and end < start + stretch + 30:
            end += 1  # accents stay with their letter
        yield _fold_stretch(text[start:end])
        start = end


def joined(stretches: Iterable[Folded]) -> Folded:
    """The stretches of a text as one."""
    pieces = list(stretches)
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(piece.text for piece in pieces)
    if all(piece.starts is None for piece in pieces):
        return Folded(text)
    starts: list[int] = []
    ends: list[int] = []
    before = 0
    for piece in pieces:
        size = piece.size
        starts += range(before, before + size) if piece.starts is None else [before + n for n in piece.starts]
        ends += range(before + 1, before + size + 1) if piece.ends is None else [before + n for n in piece.ends]
        before += size
    return Folded(text, starts, ends, before)


def _fold_stretch(text: str) -> Folded:
    if text.isascii():
        return Folded(text, size=len(text))
    plain = text.translate(_ONE_FOR_ONE)
    if "\x00" not in plain:
        return Folded(plain, size=len(text))
    return _mapped(plain, _folded_clusters(text, plain))


def _folded_clusters(text: str, plain: str) -> Iterator[tuple[int, int, str]]:
    """What stands for the places of `plain` that are odd: from where to where, and what. One at a time, for there may
    be thousands, and the garbage collector walks all that there are at once."""
    done = 0
    for odd in _ODD.finditer(plain):
        first = odd.start() - (odd.start() > 0 and _is_mark(text[odd.start()]))  # with the letter that it is on
        for cluster in _CLUSTER.finditer(text, odd.start() if first < done else first, odd.end()):
            done = cluster.end()
            yield *cluster.span(), cluster[0] if cluster[0] == "\x00" else _fold(cluster[0])


def _is_mark(character: str) -> bool:
    return "\u0300" <= character <= "\u036f"


def _mapped(text: str, pieces: Iterable[tuple[int, int, str]]) -> Folded:
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
    return Folded("".join(out), starts, ends, len(text))
