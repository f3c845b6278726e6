"""Numbers of lists and headings in Word documents, which stand nowhere in their text: `3.2`, `(a)`, `IV.`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from adapters.extract.opc import attribute, child, tag

PLACE = re.compile("%([1-9])")
SILENT = frozenset(("bullet", "none", ""))
ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
MOST_ROMAN = 3_999


class _Level(NamedTuple):
    format: str
    text: str
    start: int


class Numbering:
    """Counts as Word does: a level begins anew where one above it goes on (ECMA-376, part 1, 17.9)."""

    def __init__(self, root: Any | None) -> None:
        parts = list(root) if root is not None else []
        self._levels = {attribute(one, "abstractNumId"): _levels(one) for one in parts if tag(one) == "w:abstractNum"}
        self._lists = {attribute(one, "numId"): one for one in parts if tag(one) == "w:num"}
        self._counts: dict[str, dict[int, int]] = {}

    def label(self, properties: Any | None) -> str:
        """The number of the next paragraph of a list, by its `w:numPr`; empty where it has none, or a bullet."""
        number, level = child(properties, "w:numId"), child(properties, "w:ilvl")
        listed = self._lists.get(attribute(number, "val")) if number is not None else None
        abstract = child(listed, "w:abstractNumId")
        if abstract is None:
            return ""
        depth = _integer(level, 0)
        levels = self._levels.get(attribute(abstract, "val"), {})
        counts = self._counts.setdefault(attribute(abstract, "val"), {})
        counts[depth] = counts.get(depth, levels[depth].start - 1 if depth in levels else 0) + 1
        for deeper in [one for one in counts if one > depth]:
            del counts[deeper]
        own = levels.get(depth)
        if own is None or own.format in SILENT:
            return ""
        return PLACE.sub(lambda match: _at(int(match[1]) - 1, levels, counts), own.text)


def _at(depth: int, levels: dict[int, _Level], counts: dict[int, int]) -> str:
    level = levels.get(depth, _Level("decimal", "", 1))
    return written(counts.get(depth, level.start), level.format)


def _levels(abstract: Any) -> dict[int, _Level]:
    found = {}
    for one in abstract:
        if tag(one) == "w:lvl":
            format, text, start = (child(one, name) for name in ("w:numFmt", "w:lvlText", "w:start"))
            found[int(attribute(one, "ilvl") or 0)] = _Level(
                attribute(format, "val") if format is not None else "decimal",
                attribute(text, "val") if text is not None else "",
                _integer(start, 1),
            )
    return found


def _integer(element: Any | None, usual: int) -> int:
    value = attribute(element, "val") if element is not None else ""
    return int(value) if value.isdigit() and len(value) < 10 else usual


def written(number: int, format: str) -> str:
    """A number in one of Word's formats."""
    if format in ("lowerLetter", "upperLetter"):
        letters = chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters.upper() if format == "upperLetter" else letters
    if format in ("lowerRoman", "upperRoman") and 0 < number <= MOST_ROMAN:
        return _roman(number) if format == "lowerRoman" else _roman(number).upper()
    return f"{number:02}" if format == "decimalZero" else "" if format in SILENT else str(number)


def _roman(number: int) -> str:
    said = ""
    for value, sign in ROMAN:
        said, number = said + sign * (number // value), number % value
    return said
