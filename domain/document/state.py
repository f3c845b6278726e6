"""What a document must remember in order to decide."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.document.events import DocumentAdded, DocumentDeleted, DocumentFailed, DocumentIndexed
from domain.event import Event, Shredded
from domain.model_calls import ModelCallStarted, TokensUsed

Status = Literal["absent", "pending", "indexed", "failed", "deleted"]


class Document(msgspec.Struct, kw_only=True):
    """How far a document has come, and the embedding calls that nobody has settled."""

    status: Status = "absent"
    user: str = ""
    open_calls: dict[str, ModelCallStarted] = {}


def evolve(document: Document, event: Event) -> Document:
    """The document after `event`, changed in place."""
    match event:
        case DocumentAdded():
            document.status, document.user = "pending", event.user
        case Shredded() if event.topic == DocumentAdded.TOPIC:
            document.status = "pending"
        case DocumentIndexed():
            document.status = "indexed"
        case DocumentFailed():
            document.status = "failed"
        case DocumentDeleted():
            document.status = "deleted"
        case ModelCallStarted():
            document.open_calls[event.call_id] = event
        case TokensUsed():
            document.open_calls.pop(event.call_id, None)
        case _:
            pass
    return document
