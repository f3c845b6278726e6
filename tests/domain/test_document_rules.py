"""The rules of a document: given what happened, when something is asked, then facts or a refusal."""

from __future__ import annotations

import pytest

from domain.document import rules
from domain.document.commands import AddDocument
from domain.document.events import DocumentAdded, DocumentDeleted, DocumentFailed, DocumentIndexed
from domain.document.state import Document, evolve
from domain.event import Event, Shredded
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import DocumentNotFound
from domain.usage import Usage

ADDED = DocumentAdded(title="a.txt", media_type="text/plain", size=3, user="ann")
INDEXED = DocumentIndexed(passages=2, characters=3)
FAILED = DocumentFailed(reason="unreadable")
DELETED = DocumentDeleted()
CALL = ModelCallStarted(call_id="k", step="embed", model="titan-embed", user="ann", estimate=Usage(1_000))


def given(*events: Event) -> Document:
    document = Document()
    for event in events:
        document = evolve(document, event)
    return document


def test_a_document_is_added_once() -> None:
    command = AddDocument(title="a.txt", media_type="text/plain", size=3, user="ann")
    assert rules.add_document(given(), command) == [ADDED]
    for history in ([ADDED], [ADDED, INDEXED], [ADDED, FAILED], [ADDED, DELETED]):
        assert rules.add_document(given(*history), command) == []


def test_one_that_waits_becomes_findable_or_fails() -> None:
    assert rules.index_document(given(ADDED), INDEXED) == [INDEXED]
    assert rules.fail_document(given(ADDED), "unreadable") == [FAILED]


@pytest.mark.parametrize("history", [[], [ADDED, INDEXED], [ADDED, FAILED], [ADDED, DELETED]])
def test_one_that_does_not_wait_stays_as_it_is(history: list[Event]) -> None:
    assert rules.index_document(given(*history), INDEXED) == []
    assert rules.fail_document(given(*history), "unreadable") == []


@pytest.mark.parametrize("history", [[ADDED], [ADDED, INDEXED], [ADDED, FAILED]])
def test_one_that_is_there_can_go(history: list[Event]) -> None:
    assert rules.delete_document(given(*history)) == [DELETED]


@pytest.mark.parametrize("history", [[], [ADDED, INDEXED, DELETED]])
def test_one_that_is_not_there_cannot(history: list[Event]) -> None:
    with pytest.raises(DocumentNotFound):
        rules.delete_document(given(*history))


def test_a_document_whose_key_is_gone_is_still_one() -> None:
    shredded = Shredded(topic="document.added.1")
    assert given(shredded).status == "pending"
    assert given(shredded, INDEXED, DELETED).status == "deleted"


def test_a_call_whose_outcome_was_lost_is_settled_by_its_estimate() -> None:
    [settled] = rules.settle_open_calls(given(ADDED, CALL))
    assert isinstance(settled, TokensUsed)
    assert (settled.call_id, settled.usage, settled.estimated) == ("k", Usage(1_000), True)
    assert rules.settle_open_calls(given(ADDED, CALL, settled)) == []
