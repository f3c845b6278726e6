"""Marks in an answer that name passages, told from code, links and subscripts that only look like them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

LONGEST = 80
"""Characters of the longest mark."""
MOST_IN_RANGE = 20
_MARK = (
    r"(?<=[\[【［〔])(?P<note>\^?)[ ]?(?P<numbers>\d{1,3}(?:[ ]{0,2}[,;、，；–-][ ]{0,2}\d{1,3}){0,8})"
    r"(?:†[^\]】\n]{0,40})?[ ]?[\]】］〕]"
)
_TOKEN = re.compile(rf"[`~\[【［〔](?:(?<=`)(?P<more>`*)|(?<=~)(?P<waves>~*)|{_MARK})")
"""It begins with a set, so that the engine skips to one of them."""
_FENCE_ENDS = {sign: re.compile(rf"\n[ ]{{0,3}}(?P<run>{sign}{{3,}})[ \t]*(?=\n|\Z)") for sign in "`~"}
_INLINE_END = re.compile(r"(?P<run>`+)|\n[ \t]*\n")
_NUMBERS = re.compile(r"(\d{1,3})(?:[ ]{0,2}[–-][ ]{0,2}(\d{1,3}))?")
_WORD = re.compile(r"\w{1,40}\Z")


class Mark(msgspec.Struct, frozen=True):
    """`[1]`, `[1, 2]`, `[1-3]`, `[^1]`, `【1】`: the passages that it names, and where it stands."""

    numbers: tuple[int, ...]
    start: int
    end: int


class MarkReader:
    """Finds each mark of a text once, while the text comes. What is in backticks is code; what only the next words can
    tell is waited for."""

    def __init__(self) -> None:
        self._at = self._searched = self._chain = 0

    def read(self, text: str, *, whole: bool = False) -> Iterator[Mark]:
        """The marks that the text so far (from its start) brings anew; with `whole`, nothing more comes."""
        while token := _TOKEN.search(text, self._at):
            if not whole and text[token.end() : token.end() + 2] in ("", "]"):
                self._at = token.start()
                return
            if token["numbers"] is None:
                after = self._after_code(text, token, whole)
                if after is None:
                    self._at = token.start()
                    return
                self._at = self._searched = after
            else:
                self._at = token.end()
                if numbers := self._named(text, token):
                    self._chain = token.end()
                    yield Mark(numbers, token.start(), token.end())
        self._at = max(self._at, len(text) - LONGEST)

    def _named(self, text: str, mark: re.Match[str]) -> tuple[int, ...]:
        """The passages that it names; none for a subscript, a link or its target."""
        start, end = mark.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        subscript = before in ("]", ")", "_", "$", "\\", "/") or _may_be_code(text[max(0, start - 40) : start])
        target = after == ":" and before in ("", "\n")
        if after == "(" or target or text[end : end + 2] == "](":
            return ()
        if subscript and not mark["note"] and mark[0][0] != "【" and start != self._chain:
            return ()
        found: list[int] = []
        for one in _NUMBERS.finditer(mark["numbers"]):
            first, last = int(one[1]), int(one[2] or one[1])
            if not 0 < first <= last < first + MOST_IN_RANGE:
                return ()
            found += range(first, last + 1)
        return tuple(dict.fromkeys(found))

    def _after_code(self, text: str, ticks: re.Match[str], whole: bool) -> int | None:
        """Where it goes on behind the code that these backticks begin, or right behind them when they begin none; None
        while that is open."""
        size, start = len(ticks[0]), ticks.end()
        line = text[text.rfind("\n", 0, ticks.start()) + 1 : ticks.start()]
        sign, fenced = text[ticks.start()], size >= 3 and not line.strip()
        if sign == "~" and not fenced:
            return start
        for found in (_FENCE_ENDS[sign] if fenced else _INLINE_END).finditer(text, max(start, self._searched)):
            if found.end() == len(text) and not whole:
                break  # there may be more of it
            run = found["run"]
            if run is None:
                return start  # code within a line ends with its paragraph at the latest: these were only ticks
            if len(run) == size or (fenced and len(run) > size):
                return found.end()
        self._searched = max(start, text.rfind("\n", 0, len(text) - size))
        if whole:
            return len(text) if fenced else start
        return None


def _may_be_code(before: str) -> bool:
    """Whether there ends a word right before a mark that may be a variable's name: those have no other letters."""
    word = _WORD.search(before)
    return word is not None and word[0].isascii()


def marks_of(text: str) -> list[Mark]:
    """All marks of a whole text."""
    return list(MarkReader().read(text, whole=True))


def without_marks(text: str) -> str:
    """The text without its marks: they name passages of their own turn, and mean nothing in another."""
    at, kept = 0, []
    for mark in marks_of(text):
        kept.append(text[at : mark.start])
        at = mark.end
    return "".join([*kept, text[at:]])
