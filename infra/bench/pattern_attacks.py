"""Texts made from a pattern to make it slow: what its repeats take, many times over, and then what it does not take."""

from __future__ import annotations

import importlib
import random  # noqa: TID251  # drawn from a seed: the same texts in every run
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

# What `re` itself reads patterns with; type checkers do not know these modules.
c: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

Tree = list[tuple[Any, Any]]
UNLIKELY = ("", "\u2603", "\n", "!", " ", "0", "a", "@", "\u2603\n")
"""What comes after the repetition: in most patterns some of these do not fit."""
_SPACES = " \n"
_ALPHABET = [*map(chr, range(32, 127)), "\n", "é", "ß", "Ł", "中", "\u2603", "\u0301", "\u00a0", "1"]


class Writer:
    """Writes texts that a parsed pattern takes, its choices by `random`."""

    def __init__(self, pattern: re.Pattern[Any], seed: int) -> None:
        source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
        flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
        self.tree: Tree = list(parser.parse(source, flags & ~re.DEBUG))
        self._choose = random.Random(seed)
        self._groups: dict[int, str] = {}

    def text(self, tree: Tree, most: int = 3) -> str:
        """A text that these nodes take, as far as assertions do not forbid it; repeats go `most` times round."""
        return "".join(self._node(op, given, most) for op, given in tree)

    def _node(self, op: Any, given: Any, most: int) -> str:
        match op:
            case c.LITERAL:
                return chr(given)
            case c.NOT_LITERAL:
                return self._one_of([(c.NEGATE, None), (c.LITERAL, given)])
            case c.ANY:
                return "a"
            case c.IN:
                return self._one_of(given)
            case c.BRANCH:
                return self.text(list(self._choose.choice(given[1])), most)
            case c.SUBPATTERN:
                self._groups[given[0]] = written = self.text(list(given[3]), most)
                return written
            case c.ATOMIC_GROUP:
                return self.text(list(given), most)
            case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
                least, greatest, inner = given
                times = self._choose.randint(int(least), min(int(greatest), int(least) + most))
                return "".join(self.text(list(inner), most) for _ in range(min(times, 70)))
            case c.GROUPREF:
                return self._groups.get(given, "")
            case _:
                return ""  # an assertion or a place

    def _one_of(self, members: list[tuple[Any, Any]]) -> str:
        return self._choose.choice(_fitting(tuple(members)))


@cache
def _fitting(members: tuple[tuple[Any, Any], ...]) -> list[str]:
    fitting = [x for x in _ALPHABET if _is_in(x, members)]
    return fitting or [
        chr(value if op is c.LITERAL else value[0]) for op, value in members if op in (c.LITERAL, c.RANGE)
    ]


def _is_in(character: str, members: tuple[tuple[Any, Any], ...]) -> bool:
    negated = bool(members) and members[0][0] is c.NEGATE
    inside = any(_fits(character, op, value) for op, value in members if op is not c.NEGATE)
    return inside is not negated


def _fits(character: str, op: Any, value: Any) -> bool:
    match op:
        case c.LITERAL:
            return bool(ord(character) == value)
        case c.RANGE:
            return bool(value[0] <= ord(character) <= value[1])
        case c.CATEGORY:
            tests = {
                c.CATEGORY_DIGIT: character.isdigit(),
                c.CATEGORY_SPACE: character.isspace(),
                c.CATEGORY_WORD: character.isalnum() or character == "_",
            }
            opposite = {
                c.CATEGORY_NOT_DIGIT: c.CATEGORY_DIGIT,
                c.CATEGORY_NOT_SPACE: c.CATEGORY_SPACE,
                c.CATEGORY_NOT_WORD: c.CATEGORY_WORD,
            }
            return tests[value] if value in tests else not tests[opposite[value]]
        case _:
            return False


def _repeats(tree: Tree, before: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Every part that may come several times, with what stands before it; and neighbours of such parts."""
    for place, (op, given) in enumerate(tree):
        lead = before + tree[:place]
        match op:
            case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
                inner = list(given[2])
                if given[1] > 2:
                    yield lead, inner
                    if place + 1 < len(tree):
                        yield lead, tree[place : place + 2]
                yield from _repeats(inner, lead)
            case c.BRANCH:
                for branch in given[1]:
                    yield from _repeats(list(branch), lead)
            case c.SUBPATTERN:
                yield from _repeats(list(given[3]), lead)
            case c.ATOMIC_GROUP:
                yield from _repeats(list(given), lead)
            case c.ASSERT | c.ASSERT_NOT:
                yield from _repeats(list(given[1]), lead)
            case _:
                pass


def pumps(pattern: re.Pattern[Any], seed: int = 1, tries: int = 2, most: int = 40) -> list[tuple[str, str, str]]:
    """Texts as (before, repeated, after): the repeated part as often as one likes."""
    writer = Writer(pattern, seed)
    choose = random.Random(seed)
    found: dict[tuple[str, str, str], None] = {}
    for lead, inner in _repeats(writer.tree, []):
        for _ in range(tries):
            before = writer.text(lead)
            for repeated in (writer.text(inner), "".join(writer.text(inner, 40) for _ in range(3))):
                found[before, repeated, choose.choice(UNLIKELY)] = None
                found["", before + repeated, choose.choice(UNLIKELY)] = None
                found[before, repeated + choose.choice(_SPACES), choose.choice(UNLIKELY)] = None
    for _ in range(4 * tries):
        whole = writer.text(writer.tree)
        found["", whole, choose.choice(UNLIKELY)] = None
        found["", whole[: choose.randint(1, max(1, len(whole)))], choose.choice(UNLIKELY)] = None
        long = writer.text(writer.tree, 60)
        found["", long[:-1], choose.choice(UNLIKELY)] = None
    able = [pump for pump in found if pump[1]]
    return able if len(able) <= most else choose.sample(able, most)


def grown(pump: tuple[str, str, str], length: int) -> str:
    """A text of about `length` characters from a pump."""
    before, repeated, after = pump
    return (before + repeated * (length // len(repeated) + 1))[:length] + after
