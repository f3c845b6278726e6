"""What is looked for finds what was said and what a title begins with, in any script; numbers tell nothing."""

from __future__ import annotations

import pytest

from projections.session_terms import MOST_ASKED, MOST_TERMS, asked_terms, numbers_of, text_terms, title_terms


def found(query: str, terms: list[str]) -> bool:
    asked = asked_terms(query)
    return bool(asked) and all(any(form in terms for form in forms) for forms in asked)


@pytest.mark.parametrize(
    ("text", "finds", "finds_not"),
    [
        (
            "The harbour dues were raised",
            ("HARBOUR", "raise dues", "the harbour"),
            ("harb", "the", "dock", "harbour x"),
        ),
        ("潮は一日に二回来る abc港", ("潮", "一日", "潮は一日", "港", "abc"), ("日一", "海")),
        ("naïve café, Straße 7", ("CAFÉ", "strasse", "7"), ("8",)),
        ("ราคาน้ำมันวันนี้", ("ราคา", "น้ำมัน"), ("แมว",)),
        ("Пошлины порта", ("порта", "ПОШЛИНЫ"), ("берег",)),
    ],
)  # fmt: skip
def test_texts_are_found_by_whole_words(text: str, finds: tuple[str, ...], finds_not: tuple[str, ...]) -> None:
    assert [query for query in finds if not found(query, text_terms(text))] == []
    assert [query for query in finds_not if found(query, text_terms(text))] == []


def test_titles_are_found_by_how_their_words_begin_too() -> None:
    title = title_terms("The Harbour dues of 港町")
    for query in ("ha", "harb", "Harbour", "harb du", "the", "th", "港", "町", "of the"):
        assert found(query, title), query
    for query in ("arb", "harbourx", "harb x", "", " ", "★", "町港"):
        assert not found(query, title), query


def test_all_of_it_is_bounded_and_keyed() -> None:
    long = " ".join(f"word{n}" for n in range(20_000))
    assert len(numbers_of(b"key", text_terms(long))) == MOST_TERMS
    assert len(asked_terms(long)) == MOST_ASKED
    assert set(numbers_of(b"key", ["tide"])).isdisjoint(numbers_of(b"another", ["tide"]))
