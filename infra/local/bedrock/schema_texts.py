"""Texts of a wanted form: by a format of JSON Schema, by a pattern."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

FORMATS = {
    "time": ("", "12:00:00Z"),
    "duration": ("", "P1D"),
    "email": (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", "someone@example.com"),
    "idn-email": (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", "someone@example.com"),
    "hostname": (r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\b", "example.com"),
    "idn-hostname": ("", "example.com"),
    "ipv4": (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "192.0.2.1"),
    "ipv6": ("", "2001:db8::1"),
    "uri": (r"https?://[^\s\"'<>]*[^\s\"'<>.,;:?!)]", "https://example.com/"),
    "uri-reference": ("", "/"),
    "iri": ("", "https://example.com/"),
    "iri-reference": ("", "/"),
    "uri-template": ("", "https://example.com/{id}"),
    "uuid": (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "00000000-0000-4000-8000-000000000000"),
    "json-pointer": ("", "/a"),
    "relative-json-pointer": ("", "0"),
    "regex": ("", ".*"),
}
"""Of each format: how one looks in a text, and one for where there is none."""
LETTERS = string.ascii_letters + string.digits + "-_ .,:/@" + string.punctuation + "é\n\t"
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdigit, op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
}  # fmt: skip
OPPOSITES = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT, op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}  # fmt: skip


def text_in_format(format: str, text: str) -> str | None:
    """What stands in the text in that format, else an example of it; None for a format that is none of these."""
    if format not in FORMATS:
        return None
    pattern, example = FORMATS[format]
    found = re.search(pattern, text) if pattern else None
    return found[0] if found else example


def sample_of(pattern: str, least: int = 0) -> str | None:
    """A short text that has the pattern (as Python reads it), of at least so many characters where repeating lengthens
    it; None when it cannot be read, or asks for more than letters in a row."""
    try:
        for repeated in (1, max(1, least)):
            text = _of(parser.parse(pattern), {}, repeated)
            if len(text) >= least and re.search(pattern, text):
                return text
    except (re.error, KeyError, RecursionError, OverflowError):
        return None
    return None


def _of(parts: Any, groups: dict[int, str], repeated: int) -> str:
    return "".join(_one(kind, what, groups, repeated) for kind, what in parts)


def _one(kind: Any, what: Any, groups: dict[int, str], repeated: int) -> str:
    if kind is op.LITERAL:
        return chr(what)
    if kind in (op.NOT_LITERAL, op.ANY, op.IN):
        return next(letter for letter in LETTERS if _takes(kind, what, letter))
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        fewest, most, inner = what
        return _of(inner, groups, repeated) * min(max(int(fewest), repeated), int(most), 2_000)
    if kind is op.BRANCH:
        return _of(what[1][0], groups, repeated)
    if kind is op.SUBPATTERN:
        text = _of(what[-1], groups, repeated)
        groups[what[0]] = text
        return text
    if kind is op.ATOMIC_GROUP:
        return _of(what, groups, repeated)
    return groups[what] if kind is op.GROUPREF else ""


def _takes(kind: Any, what: Any, letter: str) -> bool:
    if kind is op.ANY:
        return letter != "\n"
    if kind is op.NOT_LITERAL:
        return bool(ord(letter) != what)
    named = any(_is_in(part, of, letter) for part, of in what if part is not op.NEGATE)
    return named is not (what[0][0] is op.NEGATE)


def _is_in(kind: Any, what: Any, letter: str) -> bool:
    if kind is op.LITERAL:
        return bool(ord(letter) == what)
    if kind is op.RANGE:
        return bool(what[0] <= ord(letter) <= what[1])
    if what in OPPOSITES:
        return not CATEGORIES[OPPOSITES[what]](letter)
    return CATEGORIES[what](letter)
