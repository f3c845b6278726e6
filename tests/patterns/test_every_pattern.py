"""No pattern of the product is slow, whatever text it meets: what twice the text takes is twice the time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.bench.pattern_attacks import grown, pumps
from infra.bench.product_patterns import patterns
from tests.patterns.timing import cpu_seconds, ways
from tests.patterns.unseen_patterns import unseen

pytestmark = pytest.mark.long

SHORT, LONG = 1_250, 5_000
QUICK = 0.5
"""Microseconds of CPU a character that need no second look: on the long text a quadratic pattern takes more."""
SLOW = 25.0
"""Microseconds a character that are too many even where they grow no more."""
LINEAR = 9.0
"""Four times the text may take so many times as long; sixteen times would be quadratic. Between them is the clock."""
CEILING_S = 0.15


def trouble(pattern: re.Pattern[Any], seed: int = 1) -> str:
    """What makes the pattern slow; empty when nothing was found."""
    for pump in pumps(pattern, seed):
        for way, (short, long) in enumerate(zip(*(ways(pattern, grown(pump, n)) for n in (SHORT, LONG)), strict=True)):
            took = cpu_seconds(long, CEILING_S, rounds=1)
            if took < QUICK * LONG / 1e6:
                continue
            took = cpu_seconds(long, CEILING_S) if took < CEILING_S else took
            before = cpu_seconds(short, CEILING_S)
            if took >= SLOW * LONG / 1e6 or took > LINEAR * before:
                return f"{'all its matches' if way == 0 else 'fullmatch'} on {pump}: {before:.4f} s, then {took:.4f} s"
    return ""


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: patterns()[pattern])
def test_a_pattern_takes_no_longer_than_its_text_is_long(pattern: re.Pattern[Any]) -> None:
    assert trouble(pattern) == ""


def test_every_pattern_is_where_it_is_found() -> None:
    assert list(unseen()) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"\b[0-9]{1,4}\s(?:rue|quai)\s(?:(?:de|de la|la|de l'|l')\s?)*[A-Z]\w*",  # what a street once was
        r"[A-Z][\w'’.-]*(?:[ -][A-Z][\w'’.-]*){0,3}, \d{5}",  # a town: two readings of every hyphen
        r"(?:a|b|ab)+c",
        r"(\w+\s?)*$",
        r"[ ,.!?;-]+please$",  # looks at the same run from each of its places
        r"\d[\d ]*x",
        r"^#\s+(.+?)\s*#*$",
        r"<[a-z]+[^>]*>",
        r"(?<!\w)(?:\d{1,40}[ -]?){1,40}x",  # bounded, and still far too much
    ],
)
def test_a_slow_pattern_is_seen(pattern: str) -> None:
    assert trouble(re.compile(pattern, re.M)) != ""
