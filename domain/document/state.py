"""What a document must remember in order to decide."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.document.events import DocumentAdded, DocumentDeleted, DocumentFailed, DocumentIndexed
from domain.event import Event, Shredded
from domain.model_calls import ModelCallStarted, TokensUsed

Status = Literal["absent", "pending", "indexed", "failed", "deleted"]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """How far a document has come, and the embedding calls that nobody has settled."""

    status: Status = "absent"
    user: str = ""
    open_calls: dict[str, ModelCallStarted] = {}


def evolve(document: Document, event: Event) -> Document:
    """The document after `event`; the one before it stays as it was."""
    match event:
        case DocumentAdded():
            return replace(document, status="pending", user=event.user)
        case Shredded() if event.topic == DocumentAdded.TOPIC:
            return replace(document, status="pending")
        case DocumentIndexed():
            return replace(document, status="indexed")
        case DocumentFailed():
            return replace(document, status="failed")
        case DocumentDeleted():
            return replace(document, status="deleted")
        case ModelCallStarted():
            return replace(document, open_calls=document.open_calls | {event.call_id: event})
        case TokensUsed():
            left = {call: started for call, started in document.open_calls.items() if call != event.call_id}
            return replace(document, open_calls=left)
        case _:
            return document
