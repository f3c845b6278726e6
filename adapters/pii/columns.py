"""What stands above a value in a table of text: the name of its column."""

from __future__ import annotations

import re
from bisect import bisect_right

_HEADER = re.compile(r"^[^\n,;|\t0-9]{1,40}+(?:[,;|\t][^\n,;|\t0-9]{0,40}+){1,40}+$", re.MULTILINE)
_SIGNS = ",;|\t"
LONGEST = 4_096
"""Characters of a line whose cells are counted."""


class Columns:
    """The header lines of a text (short cells without a digit, at least two); what is below one belongs to it until the
    next."""

    def __init__(self, text: str) -> None:
        self._text = text
        headers = list(_HEADER.finditer(text)) if "\n" in text and any(sign in text for sign in _SIGNS) else []
        self._ends = [header.end() for header in headers]
        self._signs = [next(filter(_SIGNS.__contains__, header[0])) for header in headers]
        self._names = [header[0].split(sign) for header, sign in zip(headers, self._signs, strict=True)]

    @property
    def known(self) -> bool:
        """Whether there is any header."""
        return bool(self._ends)

    def name_of(self, place: int) -> str:
        """The name of the column in which a place is; empty when there is none."""
        header = bisect_right(self._ends, place) - 1
        if header < 0:
            return ""
        line = max(self._text.rfind("\n", place - LONGEST if place > LONGEST else 0, place) + 1, self._ends[header])
        cell = self._text.count(self._signs[header], line, place)
        names = self._names[header]
        return names[cell].strip(" \"'") if cell < len(names) else ""
