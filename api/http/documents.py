"""A tenant's documents: brought by editors, listed and quoted for members."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.http.request.multipart import received_file
from api.services import Services
from application.clock import rfc3339
from application.documents.document_streams import Accepted
from application.ports.documents.corpus import DocumentRow
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import DocumentNotFound, InvalidCursor, InvalidRange, NotFound
from domain.tenant.readable import OPEN, narrowed


class DocumentProgress(msgspec.Struct, frozen=True):
    """How far a pending document is: `waiting`, `reading`, `embedding` (`done` of `total` passages), and then `indexed`
    or `failed`."""

    stage: Literal["waiting", "reading", "embedding", "indexed", "failed"]
    done: int
    total: int


class DocumentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A document; `reason` says why it failed, `warnings` what of it could not be read, `encoding` which one was taken
    (null for what is no plain text). `version` counts the files of its name; one that was replaced, at `replaced_at`,
    can be opened and is found no more. `collection` is the set that it is in, or null."""

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
    collection: str | None = None
    version: int = 1
    replaced_at: str | None = None
    progress: DocumentProgress


class DocumentChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document goes: into a collection, or, null, out of all."""

    collection: Annotated[str, Meta(max_length=64)] | None


class DocumentPage(msgspec.Struct, frozen=True):
    """Documents, newest first; `next` is the cursor of the next page, or null."""

    documents: list[DocumentAnswer]
    next: str | None


class DocumentText(msgspec.Struct, frozen=True):
    """What a document says; offsets of passages and citations count its code points."""

    document_id: str
    text: str


@post("/v1/documents", permission="document:write", status_code=202, request_max_body_size=None)
async def add_document(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    collection: FromQuery[str] = OPEN,
    replace: FromQuery[bool] = True,
) -> Accepted:
    """Take a file (multipart field `file`). It is read afterwards: see its status. Unless `replace` is false it takes
    the place of the file that came before it under the same name (with its folders, where a client gives them) into the
    same collection, once it can be found."""
    await services.documents.collections.check(request.user, collection)
    async with received_file(request, services, "file", services.settings.max_document_bytes) as file:
        return await services.documents.add_document(request.user, file, collection, replace=replace)


@get("/v1/documents", permission="document:read")
async def list_documents(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    status: FromQuery[Literal["pending", "indexed", "failed"] | None] = None,
    collection: FromQuery[str | None] = None,
) -> DocumentPage:
    """The tenant's documents that the caller may read (of one collection, if it is named), page by page; of each the
    version that stands."""
    if not 1 <= limit <= 1000:
        raise InvalidRange("limit: 1 to 1000")
    if cursor is not None and not is_id(cursor):
        raise InvalidCursor
    among = await services.documents.collections.of(request.user)
    if collection is not None:
        among = narrowed(among, [collection])
    rows = await services.documents.corpus.page(
        request.user.tenant, after=cursor, limit=limit + 1, status=status, collections=among
    )
    more = len(rows) > limit
    return DocumentPage([_answer(row) for row in rows[:limit]], rows[limit - 1].document_id if more else None)


@get("/v1/documents/{document_id:str}", permission="document:read")
async def show_document(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> DocumentAnswer:
    """One document and how far it has come."""
    return _answer(await _row(services, request.user, document_id))


@get("/v1/documents/{document_id:str}/versions", permission="document:read")
async def list_versions(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> DocumentPage:
    """All versions (the latest 1,000) of what the document is one of, newest first."""
    row = await _row(services, request.user, document_id)
    versions = await services.documents.corpus.versions(request.user.tenant, row.document_id)
    return DocumentPage([_answer(version) for version in versions], None)


@post("/v1/documents/{document_id:str}/reindex", permission="document:write", status_code=202)
async def reindex_document(
    document_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Accepted:
    """Read it again, as files are read now; what is found of it stays until then."""
    row = await _row(services, request.user, document_id)
    return await services.documents.reread_document(request.user, row.document_id)


@patch("/v1/documents/{document_id:str}", permission="document:write")
async def change_document(
    document_id: FromPath[str],
    data: JSONBody[DocumentChange],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> DocumentAnswer:
    """Put it into a collection, or out of all: from then on it is for whoever may read that."""
    row = await _row(services, request.user, document_id)
    await services.documents.move_document(request.user, row.document_id, data.collection or OPEN)
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
    return await services.documents.collections.document(principal, _known(document_id))


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
        collection=row.collection or None,
        version=row.version,
        replaced_at=rfc3339(row.replaced_at) if row.replaced_at else None,
        progress=_progress(row),
    )


def _progress(row: DocumentRow) -> DocumentProgress:
    match row.status:
        case "indexed":
            return DocumentProgress("indexed", row.passages, row.passages)
        case "failed":
            return DocumentProgress("failed", 0, 0)
    stage: Literal["waiting", "reading", "embedding"] = "reading" if row.claimed else "waiting"
    return DocumentProgress("embedding" if row.to_embed else stage, row.embedded, row.to_embed)
