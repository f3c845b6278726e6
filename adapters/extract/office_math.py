"""Formulas of Office (ECMA-376, part 1, 22.1) as one line of text: `x=(−b±√(b^2−4ac))/2a`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.extract.opc import attribute, child, tag

SILENT = frozenset(("w:rPr", "m:rPr", "m:ctrlPr", "w:del", "w:moveFrom", "w:instrText"))
SIMPLE = 1
"""Characters of a part that needs no brackets."""


def linear(element: Any) -> str:
    """What a formula, or a part of one, says."""
    name = tag(element)
    if name in SILENT or name.endswith("Pr"):
        return ""
    if name in ("m:t", "w:t"):
        return element.text or ""
    shape = SHAPES.get(name)
    return shape(element) if shape else "".join(map(linear, element))


def _part(element: Any, name: str) -> str:
    found = child(element, name)
    return "" if found is None else linear(found)


def _bracketed(text: str) -> str:
    plain = len(text) <= SIMPLE or text.isalnum() or (text[0] == "(" and text[-1] == ")" and "(" not in text[1:])
    return text if plain else f"({text})"


def _fraction(element: Any) -> str:
    return f"{_bracketed(_part(element, 'm:num'))}/{_bracketed(_part(element, 'm:den'))}"


def _scripts(element: Any) -> str:
    below, above = _part(element, "m:sub"), _part(element, "m:sup")
    return (
        _bracketed(_part(element, "m:e"))
        + (f"_{_bracketed(below)}" if below else "")
        + (f"^{_bracketed(above)}" if above else "")
    )


def _root(element: Any) -> str:
    degree = _part(element, "m:deg")
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree, f"{degree}√")
    return sign + _bracketed(_part(element, "m:e"))


def _large(element: Any) -> str:
    properties = child(element, "m:naryPr", "m:chr")
    below, above = _part(element, "m:sub"), _part(element, "m:sup")
    sign = "∫" if properties is None else attribute(properties, "val")
    limits = (f"_{_bracketed(below)}" if below else "") + (f"^{_bracketed(above)}" if above else "")
    return f"{sign}{limits} {_part(element, 'm:e')}"


def _delimited(element: Any) -> str:
    marks = []
    for name, usual in (("m:begChr", "("), ("m:sepChr", "|"), ("m:endChr", ")")):
        found = child(element, "m:dPr", name)
        marks.append(usual if found is None else attribute(found, "val"))
    return marks[0] + marks[1].join(linear(one) for one in element if tag(one) == "m:e") + marks[2]


def _function(element: Any) -> str:
    return f"{_part(element, 'm:fName')} {_bracketed(_part(element, 'm:e'))}"


def _matrix(element: Any) -> str:
    rows = (row for row in element if tag(row) == "m:mr")
    return "[" + "; ".join(", ".join(linear(cell) for cell in row if tag(cell) == "m:e") for row in rows) + "]"


def _lines(element: Any) -> str:
    return "; ".join(linear(one) for one in element if tag(one) == "m:e")


def _limit(sign: str) -> Callable[[Any], str]:
    return lambda element: f"{_part(element, 'm:e')}{sign}{_bracketed(_part(element, 'm:lim'))}"


SHAPES: dict[str, Callable[[Any], str]] = {
    "m:f": _fraction, "m:sSup": _scripts, "m:sSub": _scripts, "m:sSubSup": _scripts, "m:sPre": _scripts,
    "m:rad": _root, "m:nary": _large, "m:d": _delimited, "m:func": _function, "m:m": _matrix, "m:eqArr": _lines,
    "m:limLow": _limit("_"), "m:limUpp": _limit("^"),
}  # fmt: skip
