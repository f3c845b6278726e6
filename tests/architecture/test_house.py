"""The house keeps its rules: documents tell the truth, modules say what they do, names are the words of the field."""

from __future__ import annotations

import pytest

from tests.architecture.made_docs import DOCS, FOLDERS, MADE, ROOT, first_sentence, log_fields, rendered
from tests.architecture.measure import Tree, class_sizes, shared_names

BANNED = {"utils", "helpers", "common", "base", "core", "misc", "manager", "service", "processor"}
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST = 400


@pytest.mark.parametrize("name", MADE)
def test_documents_show_the_house_as_it_is(name: str) -> None:
    """Make them so with `python -m tests.architecture.made_docs`."""
    text = (DOCS / f"{name}.md").read_text()
    assert rendered(name, text) == text


def test_no_field_of_an_event_is_one_of_every_line() -> None:
    """It would be written over, as the places where the event loop stood were by the time (`at`)."""
    of_every_line = {"event", "level", "at", "trace_id", "logger", "exception"}
    assert not {event: own & of_every_line for event, own in log_fields().items() if own & of_every_line}


def test_a_module_opens_with_a_sentence_and_does_one_thing() -> None:
    assert [path for path in MODULES if not first_sentence(path)] == []
    assert [path for path in MODULES if path.stem in BANNED] == []
    files = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    assert [path for path in files if len(path.read_text().splitlines()) > LONGEST] == []


def test_the_structure_is_no_worse_than_it_was() -> None:
    """By `python -m tests.architecture.measure`; whoever makes one better lowers it here."""
    tree = Tree(ROOT)
    assert max(class_sizes(tree))[0] <= 12, "split it by what it is responsible for"
    assert shared_names(tree) == {}, "a type's name says which of the two it is"
