"""The table of threats names, for each wall, a test that there is."""

from __future__ import annotations

import re

import pytest

from tests.architecture.made_docs import DOCS, ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "threats.md").read_text().splitlines()
    if re.match(r"\| (?!who \|)", line)
]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row[0]}: {row[1]}") for row in ROWS])
def test_a_wall_is_held_by_a_test(row: list[str]) -> None:
    assert len(row) == 4 and all(row)
    path, _, name = row[3].strip("`").partition("::")
    text = (ROOT / path).read_text()
    assert f"def {name}(" in text if name else "def test_" in text


def test_the_table_was_found() -> None:
    assert len(ROWS) > 30
