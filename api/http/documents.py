"""A tenant's documents: brought by editors, listed and quoted for members."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import MediaType, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from api.http.request.multipart import received_file
from api.services import Services
from application.clock import rfc3339
from application.documents.add_document import Accepted
from application.ports.corpus import DocumentRow
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import DocumentNotFound, InvalidCursor, InvalidRange, NotFound


class DocumentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A document; `reason` says why it failed, `warnings` what of it could not be read, `encoding` which one was taken
    (null for what is no plain text)."""

    document_id: str
    title: str
    status: str
    reason: str | None
    passages: int
    media_type: str
    size: int
    created_at: str
    warnings: tuple[str, ...] = ()
    encoding: str | None = None


class DocumentPage(msgspec.Struct, frozen=True):
    """Documents, newest first; `next` is the cursor of the next page, or null."""

    documents: list[DocumentAnswer]
    next: str | None


class DocumentText(msgspec.Struct, frozen=True):
    """What a document says; offsets of passages and citations count its code points."""

    document_id: str
    text: str


@post("/v1/documents", permission="document:write", status_code=202, request_max_body_size=None)
async def add_document(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> Accepted:
    """Take a file (multipart field `file`). It is read afterwards: see its status."""
    async with received_file(request, services, "file", services.settings.max_document_bytes) as file:
        return await services.documents.add_document(request.user, file)


@get("/v1/documents", permission="document:read")
async def list_documents(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    status: FromQuery[Literal["pending", "indexed", "failed"] | None] = None,
) -> DocumentPage:
    """The tenant's documents, page by page."""
    if not 1 <= limit <= 1000:
        raise InvalidRange("limit: 1 to 1000")
    if cursor is not None and not is_id(cursor):
        raise InvalidCursor
    rows = await services.documents.corpus.page(request.user.tenant, after=cursor, limit=limit + 1, status=status)
    more = len(rows) > limit
    return DocumentPage([_answer(row) for row in rows[:limit]], rows[limit - 1].document_id if more else None)


@get("/v1/documents/{document_id:str}", permission="document:read")
async def show_document(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> DocumentAnswer:
    """One document and how far it has come."""
    return _answer(await _row(services, request.user, document_id))


@get("/v1/documents/{document_id:str}/text", permission="document:read")
async def show_text(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    """Its extracted text: as JSON, or plain for who accepts `text/plain`."""
    row = await _row(services, request.user, document_id)
    async with services.documents.text_room.room(request.user.tenant, row.size):
        return await _text(request, services, document_id)


async def _text(request: Request[Principal, Any, Any], services: Services, document_id: str) -> Response[Any]:
    text = await services.documents.corpus.fetch_text(request.user.tenant, document_id)
    if text is None:
        raise NotFound
    if request.accept.best_match(["application/json", "text/plain"]) == "text/plain":
        return Response(text, media_type=MediaType.TEXT, headers={"x-content-type-options": "nosniff"})
    return Response(DocumentText(document_id, text), media_type=MediaType.JSON)


@delete("/v1/documents/{document_id:str}", permission="document:write", status_code=204)
async def delete_document(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Delete it for good: what it said can be read nowhere any more."""
    await services.documents.delete_document(request.user, _known(document_id))


async def _row(services: Services, principal: Principal, document_id: str) -> DocumentRow:
    row = await services.documents.corpus.fetch(principal.tenant, _known(document_id))
    if row is None:
        raise DocumentNotFound
    return row


def _known(document_id: str) -> str:
    """An id that could be one; anything else names no document."""
    if not is_id(document_id):
        raise DocumentNotFound
    return document_id


def _answer(row: DocumentRow) -> DocumentAnswer:
    return DocumentAnswer(
        document_id=row.document_id,
        title=row.title,
        status=row.status,
        reason=row.reason,
        passages=row.passages,
        media_type=row.media_type,
        size=row.size,
        created_at=rfc3339(row.created_at),
        warnings=row.warnings,
        encoding=row.encoding or None,
    )
