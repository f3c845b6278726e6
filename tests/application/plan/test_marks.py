"""Marks of passages in every spelling, and what only looks like one; the same wherever the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.steps.marks import Mark, MarkReader, marks_of, without_marks

TEXTS: dict[str, list[tuple[int, ...]]] = {
    "Within 30 days [1].": [(1,)],
    "Both say so [1, 2], and [1-3] too; more【4】and [2–3].": [(1, 2), (1, 2, 3), (4,), (2, 3)],
    "A note[^1] and a note [^2].": [(1,), (2,)],
    "Side by side [1][2] [3].": [(1,), (2,), (3,)],
    "At its end [1]": [(1,)],
    "返品できます[1]。": [(1,)],
    "Son treinta días[1], und die Kündigungsfrist[2] beträgt срок[3] und año_1[4].": [(1,), (2,), (3,), (4,)],
    "x = arr[0] + arr[2], f(x)[1], grid[1][2]": [],
    "In `arr [2]` and ``a ` [3]`` but [1].": [(1,)],
    "```python\nx = y [1]\n```\nSo it is [2].": [(2,)],
    "An open tick ` is none [1].\n\nNor here [2].": [(1,), (2,)],
    "~~~\nx = y [1]\n~~~\nSo about ~~[3]~~ ~ [2].": [(3,), (2,)],
    "Both 【1、2】, 【3†source】, [4，5], 〔6〕 and [ 7 ].": [(1, 2), (3,), (4, 5), (6,), (7,)],
    "A link [[1]](https://example.com), ![a [2]](x) and https://example.com/[3], but [[4]].": [(4,)],
    "An open fence\n```\nis code [1]": [],
    "[1](https://example.com) and [see][2]\n[2]: https://example.com": [],
    r"An escaped \[1] is text; so are [0], [1234], [a], [3-1], [0-9] and [].": [],
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_a_mark_and_what_is_none(text: str) -> None:
    assert [mark.numbers for mark in marks_of(text)] == TEXTS[text]


@given(st.sampled_from([*TEXTS, " ".join(TEXTS), "\n\n".join(TEXTS)]), st.lists(st.integers(1, 9), max_size=60))
def test_where_a_text_is_cut_does_not_matter(text: str, sizes: list[int]) -> None:
    reader, end = MarkReader(), 0
    found: list[Mark] = []
    for size in sizes:
        end = min(len(text), end + size)
        found += reader.read(text[:end])
    assert found + list(reader.read(text, whole=True)) == marks_of(text)


def test_a_text_without_its_marks_keeps_all_else() -> None:
    assert without_marks("So it is [1], `a [1]` and x[1] [2, 3].") == "So it is , `a [1]` and x[1] ."
