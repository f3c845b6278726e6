"""What a document must remember in order to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from domain.document.events import (
    DocumentAdded,
    DocumentDeleted,
    DocumentFailed,
    DocumentIndexed,
    DocumentMoved,
    DocumentRequeued,
)
from domain.event import Event, Shredded
from domain.model_calls import ModelCallStarted, TokensUsed

Status = Literal["absent", "pending", "indexed", "failed", "deleted"]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """How far a document has come, whether it could be found at some time (`was_read`), and the embedding calls that
    nobody has settled."""

    status: Status = "absent"
    user: str = ""
    collection: str = ""
    was_read: bool = False
    open_calls: dict[str, ModelCallStarted] = {}


def evolve(document: Document, event: Event) -> Document:
    """The document after `event`; the one before it stays as it was."""
    change = CHANGES.get(type(event))
    return change(document, event) if change else document


def _added(document: Document, event: DocumentAdded) -> Document:
    return replace(document, status="pending", user=event.user, collection=event.collection)


def _shredded(document: Document, event: Shredded) -> Document:
    return replace(document, status="pending") if event.topic == DocumentAdded.TOPIC else document


def _failed(document: Document, event: DocumentFailed) -> Document:
    return replace(document, status="indexed" if event.kept else "failed")


def _settled(document: Document, event: TokensUsed) -> Document:
    left = {call: started for call, started in document.open_calls.items() if call != event.call_id}
    return replace(document, open_calls=left)


CHANGES: dict[type[Event], Callable[[Document, Any], Document]] = {
    DocumentAdded: _added,
    Shredded: _shredded,
    DocumentIndexed: lambda document, _: replace(document, status="indexed", was_read=True),
    DocumentFailed: _failed,
    DocumentRequeued: lambda document, _: replace(document, status="pending"),
    DocumentMoved: lambda document, event: replace(document, collection=event.collection),
    DocumentDeleted: lambda document, _: replace(document, status="deleted"),
    ModelCallStarted: lambda document, event: replace(
        document, open_calls=document.open_calls | {event.call_id: event}
    ),
    TokensUsed: _settled,
}
"""How each fact changes a document; what else is noted decides nothing."""
