"""Texts are found by what their words have in common, in any script, and stored as numbers that tell nothing."""

from __future__ import annotations

import pytest

from application.keyed_words import blind, words_of


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("The ships were sailing", "a SHIP sails"), ("naïve café", "NAÏVE café"), ("ﬁle № 7", "file no 7"),
        ("Straße", "STRASSE"), ("潮は一日に二回来る", "潮は"), ("ราคาน้ำมัน", "ราคา"),
    ],
)  # fmt: skip
def test_what_is_asked_finds_what_was_said(said: str, asked: str) -> None:
    assert set(words_of(asked)) <= set(words_of(said))


def test_words_that_tell_nothing_are_left_out() -> None:
    assert words_of("What is it that they would have?") == []


def test_numbers_count_words_and_depend_on_the_key() -> None:
    terms = blind(b"key", words_of("tide and tide and harbour"))
    assert sorted(terms.values()) == [1, 2]
    assert terms.keys().isdisjoint(blind(b"another key", words_of("tide harbour")))
    assert all(-(2**63) <= term < 2**63 for term in terms)
