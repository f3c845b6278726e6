"""What is said around a question is no part of it, and where a phrase stands changes nothing."""

from __future__ import annotations

from application.answer_cache.english.asides import without_asides
from application.answer_cache.equivalence import is_equivalent
from application.answer_cache.vetoes import are_two

ONE = "How do I change the language in the app settings?"
SAME = (
    "Hi team, how do I change the language in the app settings?",
    "um how do I change the language in the app settings",
    "how do I uh, change the language in the app settings?",
    "Sorry to bother you, but how do I change the language in the app settings?",
    "Good morning! Quick question: how do I change the language in the app settings?",
    "Just wondering, so how do I change the language in the app settings?",
    "In the app settings, how do I change the language?",
)
OTHERS = (
    "In the app settings, how do I not change the language?",
    "Hi team, how do I change the language in the web settings?",
    "um how do I change the layout in the app settings",
    "After the app settings, how do I change the language?",
)


def test_asides_are_left_out_and_nothing_else() -> None:
    for asked in SAME:
        assert is_equivalent(ONE, asked) and not are_two(ONE, asked), asked
    for asked in OTHERS:
        assert not is_equivalent(ONE, asked) and are_two(ONE, asked), asked


def test_what_is_only_an_aside_stays() -> None:
    for text in ("Hello there!", "um", "So?", "Well, hello", "Sorry to bother you, but"):
        assert without_asides(text), text
