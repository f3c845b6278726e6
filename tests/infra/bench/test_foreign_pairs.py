"""Pairs of questions are read from what others write them in, and judged by kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.bench.caches.foreign_pairs import ForeignPair, judge, read_pairs


def test_pairs_are_read_from_lines_of_json_and_from_tables(tmp_path: Path) -> None:
    lines, table, tabs = tmp_path / "a.jsonl", tmp_path / "a.csv", tmp_path / "a.tsv"
    lines.write_text(
        '{"id": "1", "a": "x?", "b": "y?", "same_answer": true, "category": "near"}\n\n'
        '{"a": "x?", "b": "z?", "same_answer": false, "ambiguous": "it depends"}\n'
    )
    table.write_text('question1,question2,is_duplicate\n"x, y?",z?,1\nx?,y?,0,names\n')
    tabs.write_text("x?\ty?\tfalse\n")
    assert read_pairs(lines) == [ForeignPair(a="x?", b="y?", same_answer=True, category="near")]
    assert read_pairs(table) == [
        ForeignPair(a="x, y?", b="z?", same_answer=True),
        ForeignPair(a="x?", b="y?", same_answer=False, category="names"),
    ]
    assert read_pairs(tabs) == [ForeignPair(a="x?", b="y?", same_answer=False)]


@pytest.mark.parametrize("text", ["x?,y?,1\nx?,y?\n", "x?,y?,1\nx?,y?,maybe\n"])
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match="line 2"):
        read_pairs(file)


def test_ways_are_counted_by_truth_and_by_kind() -> None:
    pairs = [
        ForeignPair(a="1", b="one", same_answer=True, category="numbers"),
        ForeignPair(a="2", b="two", same_answer=True, category="numbers"),
        ForeignPair(a="1", b="two", same_answer=False, category="swapped"),
    ]
    near = {("1", "one"): 0.9, ("2", "two"): 0.6, ("1", "two"): 0.8}
    found = judge(
        pairs, lambda a, b: near[a, b], {"cosine": (0.7, lambda a, b: True), "never": (0.0, lambda a, b: False)}
    )
    assert [(row.way, row.kind, row.same, row.hit, row.pairs) for row in found] == [
        ("cosine", "all", True, 1, 2), ("cosine", "all", False, 1, 1),
        ("cosine", "numbers", True, 1, 2), ("cosine", "swapped", False, 1, 1),
        ("never", "all", True, 0, 2), ("never", "all", False, 0, 1),
        ("never", "numbers", True, 0, 2), ("never", "swapped", False, 0, 1),
    ]  # fmt: skip
