"""Placeholders back to the values they stand for, also while an answer streams in pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What stands between the words of a placeholder, with what models make of an underscore: a space, a hyphen, an escape.
_GAP = r"[ \\_-]"
PLACEHOLDER = re.compile(
    rf"\\?\[{_GAP}{{0,2}}([A-Za-z]+(?:{_GAP}{{1,3}}[A-Za-z]+)?){_GAP}{{1,3}}([0-9]{{1,6}}){_GAP}{{0,2}}\]"
)
_BEGINNING = re.compile(r"(?:\\?\[[A-Za-z0-9 \\_-]{0,40}|\\)\Z")
GAPS = re.compile(rf"{_GAP}+")


def placeholder_key(word: str, number: str) -> str:
    """The name of a placeholder however it is spelt: its words in capitals and its number, joined by `_`."""
    return f"{GAPS.sub('_', word).upper()}_{int(number)}"


def restore(text: str, values: Mapping[str, str]) -> str:
    """Put the values back. What looks like a placeholder and is none stays as it is."""
    if "[" not in text or not values:
        return text
    return PLACEHOLDER.sub(lambda match: _value(match, values), text)


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    """A backslash before the bracket goes only where one stands before the closing bracket too."""
    value = values.get(placeholder_key(match[1], match[2]))
    if value is None:
        return match[0]
    return "\\" + value if match[0][0] == "\\" and match[0][-2] != "\\" else value


def restore_value(value: Any, values: Mapping[str, str]) -> Any:
    """The same for every string in a JSON value, keys too."""
    if isinstance(value, str):
        return restore(value, values)
    if isinstance(value, list | tuple):
        return [restore_value(item, values) for item in value]
    if isinstance(value, dict):
        return {restore_value(key, values): restore_value(item, values) for key, item in value.items()}
    return value


class Restorer:
    """Restores a text that comes in pieces: what it gives out, joined, is `restore` of what came in, joined. It holds
    back only a tail that may be the beginning of a placeholder it knows, 42 characters at most."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._held = ""
        self._highest: dict[str, int] = {}
        self._counted = 0

    def feed(self, delta: str) -> str:
        """The next piece; what may be shown now."""
        if not self._held and "[" not in delta and not delta.endswith("\\"):
            return delta
        text = self._held + delta
        held = _BEGINNING.search(text, max(0, len(text) - 43)) if self._values else None
        while held and not self._may_begin(held[0]):
            held = _BEGINNING.search(text, held.start() + 1)
        cut = held.start() if held else len(text)
        self._held = text[cut:]
        return restore(text[:cut], self._values)

    def flush(self) -> str:
        """The text is over: what was still held back."""
        held, self._held = self._held, ""
        return restore(held, self._values)

    def _may_begin(self, tail: str) -> bool:
        begun = GAPS.sub("_", tail.lstrip("\\").lstrip("[")).strip("_").upper()
        if not begun:
            return True
        self._count()
        word, _, number = begun.rpartition("_")
        if word in self._highest and number.isdecimal():
            return int(number) <= self._highest[word]
        return any(word.startswith(begun) for word in self._highest)

    def _count(self) -> None:
        """The highest number of each word, counted anew when there are more values. Values are numbered from 1 without
        a gap, so a number up to the highest is the whole or the beginning of one."""
        if self._counted == len(self._values):
            return
        self._counted = len(self._values)
        for key in self._values:
            word, _, number = key.rpartition("_")
            self._highest[word] = max(self._highest.get(word, 0), int(number))
