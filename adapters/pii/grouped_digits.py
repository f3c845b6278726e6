"""Numbers written in groups: a run of digits by how long its groups are, so that what may stand in it is known once."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GROUP = re.compile(r"[0-9]+")
_BLANK = bytes(code if 48 <= code <= 57 else 32 for code in range(256))
_NO_DIGITS = bytes(code for code in range(256) if not 48 <= code <= 57)
Shape = tuple[int, ...]
"""The lengths of the groups of a run."""
SHAPES = 4_096
"""How many shapes are known at a time."""


def groups_of(run: str) -> list[bytes]:
    """The groups of digits in a run."""
    return run.encode().translate(_BLANK).split()


def digits_of(run: str) -> str:
    """The digits of a run, without what stands between them."""
    return run.encode().translate(None, _NO_DIGITS).decode()


def begins_of(run: re.Match[str]) -> list[int]:
    """Where each group begins."""
    return [group.start() for group in _GROUP.finditer(run.string, *run.span())]


def place_of(run: re.Match[str], first: int, last: int, of: int) -> tuple[int, int]:
    """Where the first group begins and the last one ends, by their numbers, in a run `of` so many, which begins and
    ends with one."""
    if not first and last == of - 1:
        return run.span()
    places = [group.span() for group in _GROUP.finditer(run.string, *run.span())]
    return places[first][0], places[last][1]


def windows(shape: Shape, most: int) -> Iterator[tuple[int, int, Shape]]:
    """Each stretch of at most so many whole groups, by its first group and then by its last, and its shape."""
    for first in range(len(shape)):
        for last in range(first, min(first + most, len(shape))):
            yield first, last, shape[first : last + 1]
