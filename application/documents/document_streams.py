"""Where a document's facts live, where its sealed file is kept, and what is told of it while it is read."""

from __future__ import annotations

import msgspec

SEALED_AS = "file"


class Accepted(msgspec.Struct, frozen=True):
    """The document that holds the file's content, and how far it has come."""

    document_id: str
    status: str


def stream_of(tenant: str, document_id: str) -> str:
    """Where a document's facts live, and whose key seals what it holds."""
    return f"{tenant}/document/{document_id}"


def blob_of(tenant: str, document_id: str) -> str:
    """Where its sealed file is kept."""
    return f"{tenant}/documents/{document_id}"
