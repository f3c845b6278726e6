"""A member's own files: brought, listed, given out by links that end, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from msgspec import Meta

from api.http.request.json_body import bounded_json
from api.http.request.multipart import received_body, received_file
from api.http.request.paging import checked_limit, id_cursor
from api.services import Services
from application.acting_tenant import act_for
from application.clock import new_id, rfc3339
from application.file_names import name_of
from application.files.file_links import FileLink, Use
from application.ports.files.file_register import FileRow
from domain.access import Principal
from domain.ids import is_id
from domain.refusals import FileNotFound, InvalidField, PayloadTooLarge

PIECE = 256 * 1024
MOST_JSON = 64 * 1024
OUT = {"cache-control": "private, no-store", "content-security-policy": "sandbox; default-src 'none'"}


class NewUpload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to come by a link. What it is, is told from its bytes."""

    name: Annotated[str, Meta(max_length=1_000)]
    size: Annotated[int, Meta(ge=1)]
    media_type: Annotated[str, Meta(max_length=255)] = ""


class Uploaded(msgspec.Struct, frozen=True):
    """The file that is kept now."""

    file_id: str


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file's bytes go: one request of that method with them as its body, before `expires_at`."""

    file_id: str
    method: str
    upload_url: str
    expires_at: int


class FileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A file; `url` gives it out as an attachment, to whoever has it, until `url_expires_at` (Unix seconds)."""

    file_id: str
    name: str
    media_type: str
    size: int
    status: str
    created_at: str
    url: str
    url_expires_at: int


class FilePage(msgspec.Struct, frozen=True):
    """Files, newest first; `next` is the cursor of the next page, or null."""

    files: list[FileAnswer]
    next: str | None


@post("/v1/files", permission="file:own", status_code=201, request_max_body_size=None)
async def add_file(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> Uploaded | Upload:
    """Keep a file (multipart field `file`); or, for JSON, make a link by which one may be brought."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        return _new_upload(request, services, await bounded_json(request, NewUpload, MOST_JSON))
    async with received_file(request, services, "file", services.settings.max_file_bytes) as file:
        file_id = new_id()
        await services.files.add_file(request.user.tenant, request.user.user, file_id, file)
        return Uploaded(file_id)


@get("/v1/files", permission="file:own")
async def list_files(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> FilePage:
    """The caller's files, page by page."""
    user, most = request.user, checked_limit(limit)
    rows = await services.files.register.page(user.tenant, user.user, after=id_cursor(cursor), limit=most + 1)
    more = len(rows) > most
    return FilePage([_answer(request, services, row) for row in rows[:most]], rows[most - 1].file_id if more else None)


@get("/v1/files/{file_id:str}", permission="file:own")
async def show_file(
    file_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> FileAnswer:
    """One of the caller's files, with a link to its bytes."""
    user = request.user
    return _answer(request, services, await services.files.open_file.find(user.tenant, user.user, _known(file_id)))


@delete("/v1/files/{file_id:str}", permission="file:own", status_code=204)
async def delete_file(
    file_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Delete it for good. Turns that it was attached to keep what they read of it."""
    await services.files.delete_file.of_owner(request.user, _known(file_id))


@get("/v1/files/{file_id:str}/content", public=True)
async def give_file(
    file_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Stream:
    """The file of a link, as an attachment. The link is all that is needed, and opens nothing else."""
    link = await linked(request, services, "download", file_id)
    row = await services.files.open_file.find(link.tenant, link.user, file_id)
    stack = AsyncExitStack()
    try:
        await stack.enter_async_context(services.edge.upload_room.room(link.tenant, row.size))
        body = await stack.enter_async_context(services.files.open_file.plain(link.tenant, row))
    except BaseException:
        await stack.aclose()
        raise
    headers = OUT | {"content-disposition": attachment(row.name), "content-length": str(row.size)}
    return Stream(_pieces(body, stack), media_type=row.media_type, headers=headers)


@put("/v1/files/{file_id:str}/content", public=True, status_code=201, request_max_body_size=None)
async def take_file(
    file_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Uploaded:
    """Keep the bytes that a link was made for: once, and of that size. The same bytes again change nothing."""
    link = await linked(request, services, "upload", file_id)
    async with received_body(request, services, link.tenant, link.name, link.size) as file:
        if file.size != link.size:
            raise InvalidField(f"The link is for a file of {link.size} bytes; {file.size} came.")
        await services.files.add_file(link.tenant, link.user, file_id, file)
    return Uploaded(file_id)


def attachment(name: str) -> str:
    """A Content-Disposition that saves a file under its name, whatever is in that (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .-_()+,=@~") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _new_upload(request: Request[Principal, Any, Any], services: Services, wanted: NewUpload) -> Upload:
    if wanted.size > services.settings.max_file_bytes:
        raise PayloadTooLarge(f"The file is larger than {services.settings.max_file_bytes} bytes.")
    link = FileLink(
        use="upload",
        tenant=request.user.tenant,
        user=request.user.user,
        file_id=new_id(),
        expires=services.files.links.ends(),
        name=name_of(wanted.name),
        size=wanted.size,
    )
    url = link_url(request, services, link, _path(link.file_id), name=link.name, size=link.size)
    return Upload(file_id=link.file_id, method="PUT", upload_url=url, expires_at=link.expires)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The query of a link."""

    tenant: Annotated[str, Meta(max_length=64)]
    user: Annotated[str, Meta(max_length=64)]
    expires: int
    signature: Annotated[str, Meta(max_length=64)]
    name: Annotated[str, Meta(max_length=255)] = ""
    size: int = 0


async def linked(request: Request[Any, Any, Any], services: Services, use: Use, file_id: str) -> FileLink:
    """The link that a request came by, if it is one of ours: `FileNotFound` otherwise. Guesses count like guesses of
    credentials, uses like requests of its user."""
    address = services.edge.addresses.proxies.client(request.scope)
    services.edge.addresses.check_failures(address)
    try:
        given = msgspec.convert(dict(request.query_params), Signed, strict=False)
        link = FileLink(
            use=use,
            tenant=given.tenant,
            user=given.user,
            file_id=_known(file_id),
            expires=given.expires,
            name=given.name and name_of(given.name),
            size=given.size,
        )
        services.files.links.check(link, given.signature)
    except (msgspec.ValidationError, FileNotFound):
        services.edge.addresses.failed(address)
        raise FileNotFound from None
    act_for(link.tenant)
    await services.edge.budgets.requests.count(link.tenant, link.user)
    return link


async def _pieces(body: Any, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """The bytes, and then the end of the file they are read from."""
    async with stack:
        while piece := body.read(PIECE):
            yield piece


def link_url(request: Request[Any, Any, Any], services: Services, link: FileLink, path: str, **more: Any) -> str:
    """The address of a link, where the request was asked."""
    scheme = services.edge.addresses.proxies.scheme(request.scope)
    fields = {"tenant": link.tenant, "user": link.user, **more, "expires": link.expires}
    query = urlencode(fields | {"signature": services.files.links.sign(link)})
    return f"{scheme}://{request.headers.get('host', '')}{path}?{query}"


def _answer(request: Request[Principal, Any, Any], services: Services, row: FileRow) -> FileAnswer:
    ends = services.files.links.ends()
    link = FileLink(use="download", tenant=request.user.tenant, user=row.owner, file_id=row.file_id, expires=ends)
    return FileAnswer(
        file_id=row.file_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        status=row.status,
        created_at=rfc3339(row.created_at),
        url=link_url(request, services, link, _path(row.file_id)),
        url_expires_at=ends,
    )


def _path(file_id: str) -> str:
    return f"/v1/files/{file_id}/content"


def _known(file_id: str) -> str:
    """An id that could be one; anything else names no file."""
    if not is_id(file_id):
        raise FileNotFound
    return file_id
