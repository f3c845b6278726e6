"""The house keeps its rules: README tells the truth, modules say what they are for, names are the field's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.readme_parts import FOLDERS, README, ROOT, first_sentence, rendered

BANNED = {"utils", "helpers", "common", "base", "core", "misc", "manager", "service", "processor"}
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST = 400


def test_readme_shows_the_house_as_it_is() -> None:
    """Make it so with `python -m tests.architecture.readme_parts`."""
    text = README.read_text()
    assert rendered(text) == text


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_opens_with_a_sentence_and_does_one_thing(path: Path) -> None:
    assert first_sentence(path)
    assert path.stem not in BANNED
    assert len(path.read_text().splitlines()) <= LONGEST
