"""Placeholders restored while the answer streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.redaction.placeholders import Restorer, restore

VALUES = {
    "EMAIL_1": "alice@example.com",
    "EMAIL_12": "bob@x.org",
    "NATIONAL_ID_1": "123-45-6789",
    "PERSON_1": "Ann [EMAIL_1] Lee",
}
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["[EMAIL_1]", "[EMAIL_12]", "[NATIONAL_ID_1]", "[PERSON_1]", "[EMAIL_2]", "[1]", "[", "]", "\\",
             "\\[email\\_1\\]",
             "[ Email 1 ]", "[NATIONAL\\_ID\\_1]", "[EMAIL_01]", "[EMAIL_1", "EMAIL_1]", "[EMAIL-", "[[EMAIL_1]]"]
        ),
        st.text(alphabet="[]\\_- aEMAIL1\n0", max_size=6),
    )
)  # fmt: skip


def streamed(deltas: list[str]) -> str:
    restorer = Restorer(VALUES)
    return "".join([*map(restorer.feed, deltas), restorer.flush()])


@given(PIECES)
def test_split_at_every_position_the_answer_is_the_same(pieces: list[str]) -> None:
    text = "".join(pieces)
    whole = restore(text, VALUES)
    assert streamed(list(text)) == whole
    for cut in range(len(text) + 1):
        assert streamed([text[:cut], text[cut:]]) == whole


@given(PIECES)
def test_pieces_as_they_come_restore_alike(pieces: list[str]) -> None:
    assert streamed(pieces) == restore("".join(pieces), VALUES)


@pytest.mark.parametrize(
    "spelt",
    ["[EMAIL_1]", "[email_1]", "[EMAIL 1]", "[EMAIL-1]", "[EMAIL\\_1]", "\\[EMAIL_1\\]", "[ EMAIL_1 ]", "[EMAIL_01]"],
)
def test_small_changes_of_the_model_are_understood(spelt: str) -> None:
    assert restore(f"to {spelt}.", VALUES) == "to alice@example.com."


@pytest.mark.parametrize("other", ["[EMAIL_3]", "[1]", "[EMAIL]", "EMAIL_1", "[EMAIL_1 2]", "[X_1]", "(EMAIL_1)"])
def test_what_is_no_placeholder_of_ours_stays(other: str) -> None:
    assert restore(other, VALUES) == other


def test_nothing_is_held_back_that_cannot_be_a_placeholder() -> None:
    restorer = Restorer(VALUES)
    assert restorer.feed("See [1") == "See [1"
    assert restorer.feed("] and [x") == "] and [x"
    assert restorer.feed("] then [EM") == "] then "
    assert restorer.feed("BARGO]") == "[EMBARGO]"


def test_without_placeholders_nothing_is_held_back_at_all() -> None:
    assert Restorer({}).feed("a [") == "a ["


def test_a_restored_value_is_not_read_again() -> None:
    assert restore("[PERSON_1]", VALUES) == "Ann [EMAIL_1] Lee"
