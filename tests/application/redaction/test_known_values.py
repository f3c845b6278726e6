"""Values that were found once are found again wherever they stand, in one pass."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from adapters.pii.rule_detector import RuleDetector
from application.ports.models.detector import Span
from application.redaction.known_values import KnownValues
from application.redaction.redactor import Redactor
from tests.fakes.nothing_private import NothingPrivate

VALUE = st.text(alphabet="a1 +@_.", min_size=6, max_size=9).map(str.strip).filter(lambda value: len(value) >= 6)


def found(values: list[str], text: str) -> list[str]:
    known = KnownValues(100)
    for value in values:
        known.add(value, "phone")
    return [text[span.start : span.end] for span in known.find(text) if span]


@given(st.lists(VALUE, min_size=1), st.lists(st.text(alphabet="a1 +@_.", max_size=3)))
def test_a_text_holds_a_value_where_no_word_goes_on(values: list[str], between: list[str]) -> None:
    text = "".join(piece + value for piece, value in zip([*between, *[" "] * len(values)], values, strict=False))
    seen = found(values, text)
    assert all(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) for value in seen)
    assert bool(seen) == any(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) for value in values)


def test_the_longest_is_taken_and_parts_of_words_are_not() -> None:
    assert found(["+44 20 1", "+44 20 1234"], "x+44 20 1234, +44 20 1234 +44 20 1, +44 20 12") == [
        "+44 20 1234",
        "+44 20 1",
    ]


async def test_values_stand_beside_what_the_detector_finds() -> None:
    turn = Redactor(RuleDetector(), {})
    assert await turn.redact("my phone: 5552671") == "my phone: [PHONE_1]"
    assert await turn.redact("5552671 and a@b.org, then 5552671.") == "[PHONE_1] and [EMAIL_1], then [PHONE_1]."


async def test_what_was_found_without_the_detector_is_in_order() -> None:
    known = KnownValues(1)
    known.add("123456", "phone")
    known.add("654321", "phone")
    assert [span for span in known.find("654321 123456") if span] == [Span("phone", 7, 13)]
    assert await Redactor(NothingPrivate(), {}).redact("123456") == "123456"
