"""The documents name files that there are, README is a front door, and the words are few."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.made_docs import DOCS, ROOT

WRITTEN = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
NAMED = re.compile(r"(?<![\w/.])((?:domain|application|adapters|projections|api|infra|tests)/[\w/.-]*[\w/])")
LINKED = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_what_a_document_names_is_there(path: Path) -> None:
    text = path.read_text()
    named = [ROOT / name for name in NAMED.findall(text)]
    linked = [path.parent / target for target in LINKED.findall(text)]
    missing = [str(at) for at in (*named, *linked) if not at.exists() and not at.with_suffix(".py").exists()]
    assert not missing


def test_readme_is_a_front_door() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_each_word_has_one_sense_and_they_are_few() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (DOCS / "glossary.md").read_text(), re.M)[1:]
    assert 0 < len(words) <= 40
    assert len(set(words)) == len(words)
