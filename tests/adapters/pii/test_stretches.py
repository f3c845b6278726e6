"""A text that is searched in stretches gives what it gives as a whole, and no stretch is long."""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.pii
from adapters.pii.folding import fold, fold_stretches, joined
from adapters.pii.rule_detector import RuleDetector
from adapters.pii.stretches import REACH, STRETCH, found
from application.ports.models.detector import Span
from infra.bench.pattern_attacks import grown, pumps
from infra.bench.redaction.benchmark import corpus

pytestmark = pytest.mark.long

# What `re` itself reads patterns with; type checkers do not know these modules.
c: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

MODULES = [
    importlib.import_module(f"adapters.pii.{module.name}") for module in pkgutil.iter_modules(adapters.pii.__path__)
]
WITHOUT_END = {"credentials._LONG", "credentials._FORMS", "credentials._BEARER"}
"""What a token is has no greatest length: these are run over the whole text at once."""
PATTERNS = {
    f"{module.__name__.rpartition('.')[2]}.{name}{number or ''}": pattern
    for module in MODULES
    for name, value in vars(module).items()
    for number, pattern in enumerate(value if isinstance(value, tuple) else (value,))
    if isinstance(pattern, re.Pattern) and f"{module.__name__.rpartition('.')[2]}.{name}" not in WITHOUT_END
}


def widest(tree: Any) -> int:
    """How many characters a parsed pattern reads at most, assertions ahead included."""
    read = 0
    for op, node in tree:
        match op:
            case c.BRANCH:
                read += max(map(widest, node[1]))
            case c.SUBPATTERN:
                read += widest(node[3])
            case c.ATOMIC_GROUP:
                read += widest(node)
            case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
                read += min(int(node[1]), 1 << 30) * widest(node[2])
            case c.ASSERT | c.ASSERT_NOT:
                read += widest(node[1]) if node[0] > 0 else 0
            case c.GROUPREF:
                read += 20
            case c.AT:
                read += 1
            case _:
                read += 1
    return read


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_reads_further_than_a_stretch_reaches(name: str) -> None:
    pattern = PATTERNS[name]
    assert name in UNBROKEN or widest(parser.parse(pattern.pattern, pattern.flags)) < REACH


UNBROKEN = {
    name
    for name in PATTERNS
    if name.split(".")[1].startswith(("_GROUP", "_BETWEEN", "_NO_VALUE", "_KEY_", "_CLUSTER", "_ODD"))
}
"""Patterns for what was found already, for a few characters before it, or run over the whole text at once."""


@pytest.mark.parametrize("name", [name for name in PATTERNS if name not in UNBROKEN])
def test_the_matches_of_stretches_are_those_of_the_whole(name: str) -> None:
    pattern = PATTERNS[name]
    choose = random.Random(name)
    for pump in pumps(pattern, seed=5, most=6):
        text = grown(pump, REACH + 700) + grown(choose.choice(pumps(pattern, seed=6, most=6)), 300)
        whole = [match.span() for match in pattern.finditer(text)]
        spans = [s for s in found(pattern, text, lambda m: (Span("x", *m.span()),), stretch=64) if s]
        assert [(s.start, s.end) for s in spans] == whole


ODD = ["a", "e\u0301", "ﬁ", "４", "\u200b", "а", "\u0301", "ﬁ\u0301", "x\u0323\u0301", "\x00"]


@given(st.lists(st.sampled_from(ODD), max_size=40))
def test_a_text_folded_in_stretches_is_the_folded_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    in_stretches = joined(fold_stretches(text, 5))
    whole = fold(text)
    places = [(in_stretches.origin(n, n + 1), whole.origin(n, n + 1)) for n in range(len(whole.text))]
    assert in_stretches.text == whole.text and all(one == other for one, other in places)


async def test_a_long_text_gives_what_its_sentences_give() -> None:
    detector = RuleDetector()
    sentences = [s.text for s in corpus("tuning", 400, 3)]
    apart, place = [], 0
    text = "\n;;;\n".join(sentences)
    for sentence in sentences:
        apart += [(s.kind, s.start + place, s.end + place) for s in detector.find_now(sentence)]
        place += len(sentence) + 5
    together = {(s.kind, s.start, s.end) for s in await detector.find(text)}
    assert len(text) > 3 * STRETCH
    assert len(together.symmetric_difference(apart)) < 0.02 * len(apart)
    assert list(await detector.find(text)) == list(detector.find_now(text))
