"""The rules of a document."""

from __future__ import annotations

from domain.document.commands import AddDocument
from domain.document.events import (
    DocumentAdded,
    DocumentDeleted,
    DocumentFailed,
    DocumentIndexed,
    DocumentMoved,
    DocumentRequeued,
)
from domain.document.state import Document
from domain.event import Event
from domain.model_calls import settle
from domain.refusals import DocumentNotFound


def add_document(document: Document, command: AddDocument) -> list[Event]:
    """A document is added once."""
    if document.status != "absent":
        return []
    return [
        DocumentAdded(
            title=command.title,
            media_type=command.media_type,
            size=command.size,
            user=command.user,
            collection=command.collection,
            replaces=command.replaces,
        )
    ]


def index_document(document: Document, indexed: DocumentIndexed) -> list[Event]:
    """Only one that waits can become findable."""
    return [indexed] if document.status == "pending" else []


def fail_document(document: Document, reason: str) -> list[Event]:
    """Only one that waits can fail; what was read of it before stays."""
    return [DocumentFailed(reason=reason, kept=document.was_read)] if document.status == "pending" else []


def requeue_document(document: Document) -> list[Event]:
    """One that was read, or could not be, may be read again; one that waits does so already."""
    if document.status in ("absent", "deleted"):
        raise DocumentNotFound
    return [] if document.status == "pending" else [DocumentRequeued()]


def move_document(document: Document, collection: str) -> list[Event]:
    """One that is in it already stays."""
    if document.status in ("absent", "deleted"):
        raise DocumentNotFound
    return [] if document.collection == collection else [DocumentMoved(collection=collection)]


def delete_document(document: Document) -> list[Event]:
    """One that is there can go."""
    if document.status in ("absent", "deleted"):
        raise DocumentNotFound
    return [DocumentDeleted()]


def settle_open_calls(document: Document) -> list[Event]:
    """A fact for each embedding call whose outcome was lost with the process that made it."""
    return [settle(call, call.estimate, estimated=True) for call in document.open_calls.values()]
