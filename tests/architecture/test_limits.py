"""The table of limits says what the code says, and names tests that there are."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest

from api.settings import Settings
from tests.architecture.made_docs import DOCS, ROOT

UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "limits.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what ")
]


def held_by(where: str) -> Any:
    """The value of `module:NAME`, or of a setting."""
    module, _, name = where.strip("`").partition(":")
    if name.startswith("Settings."):
        return getattr(Settings(), name.removeprefix("Settings."))
    return getattr(import_module(module), name)


def said(limit: str) -> int:
    """The number that a cell names."""
    number, unit = re.fullmatch(r"(\d+)(?: (\w+))?.*", limit).groups()  # type: ignore[union-attr]
    return int(number) * UNITS.get(unit or "", 1)


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in ROWS if ":" in row[2]])
def test_a_limit_is_what_the_code_holds(row: list[str]) -> None:
    assert held_by(row[2]) == said(row[1])


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in ROWS])
def test_a_limit_is_shown_by_a_test(row: list[str]) -> None:
    path, _, name = row[4].strip("`").partition("::")
    text = (ROOT / path).read_text()
    assert not name or f"def {name}(" in text
