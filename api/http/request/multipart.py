"""A file from a multipart body, or from a body that is the file: room for it is found first, then it is streamed to a
file without a name, and bounded, whatever the client says of its size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from api.http.request.file_names import extended_name
from api.services import Services
from application.ports.files.scratch import ReceivedFile
from domain.access import Principal
from domain.refusals import InvalidField, PayloadTooLarge, UnsupportedMediaType

DEADLINE_S = 300.0
AROUND = 64 * 1024
"""Bytes of a form besides its file."""
PIECE = 128 * 1024
"""So much of a file is in memory at most, before it goes to disk on a thread."""
SMALL = 64 * 1024
"""Written at once: the system takes it sooner than a thread is woken for it."""
MOST_DRAINED = 1024 * 1024 * 1024
MOST_PARTS = 20


@asynccontextmanager
async def received_file(
    request: Request[Principal, Any, Any], services: Services, field: str, max_bytes: int
) -> AsyncIterator[ReceivedFile]:
    """The file of the multipart field `field`, gone afterwards. `UnsupportedMediaType` when the body is no multipart
    form; `InvalidField` when it is broken or has no such file; `PayloadTooLarge` beyond `max_bytes`, after reading (and
    dropping) the rest, because a client that is still sending would not see the answer; `RateLimited` and `Overloaded`
    when there is no room, with nothing read."""
    boundary = _boundary(request)
    async with _spooled(request, services, request.user.tenant, max_bytes) as spool:
        async with _arriving():
            name = await _store_part(request.stream(), boundary, field, spool)
        yield spool.file(name)


@asynccontextmanager
async def received_body(
    request: Request[Any, Any, Any], services: Services, tenant: str, name: str, max_bytes: int
) -> AsyncIterator[ReceivedFile]:
    """The whole body as a file of that name; the same errors."""
    async with _spooled(request, services, tenant, max_bytes) as spool:
        async with _arriving():
            await _store_body(request.stream(), spool)
        yield spool.file(name)


@asynccontextmanager
async def _spooled(
    request: Request[Any, Any, Any], services: Services, tenant: str, max_bytes: int
) -> AsyncIterator[_Spool]:
    announced = _announced(request)
    if announced > max_bytes + AROUND:
        await _drain(request.stream())
        raise _too_large(max_bytes)
    async with services.edge.upload_room.room(tenant, min(announced or max_bytes, max_bytes)):
        with services.edge.scratch.open() as body:
            yield _Spool(body, max_bytes)


@asynccontextmanager
async def _arriving() -> AsyncIterator[None]:
    """While a body comes in: within a time, and whole."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield
    except (MultipartError, UnicodeDecodeError) as error:
        raise InvalidField("The multipart form is broken.") from error
    except TimeoutError:
        raise InvalidField(f"The file did not arrive within {DEADLINE_S:.0f} s.") from None


class _Spool:
    """Collects a file's bytes and brings them to disk, a piece at a time."""

    def __init__(self, body: BinaryIO, max_bytes: int) -> None:
        self.size, self.hash = 0, hashlib.sha256()
        self._body, self.max_bytes = body, max_bytes
        self._piece = bytearray()

    def file(self, name: str) -> ReceivedFile:
        """All of it, as a file of that name."""
        return ReceivedFile(name, self._body, self.size, self.hash.digest())

    def fits(self, part: bytes | bytearray) -> bool:
        """Whether so much more is allowed."""
        return self.size + len(part) <= self.max_bytes

    async def add(self, part: bytes | bytearray) -> None:
        """The next bytes."""
        self._piece += part
        self.size += len(part)
        if len(self._piece) >= PIECE:
            await self.flush()

    async def flush(self) -> None:
        """What was collected goes to disk."""
        piece, self._piece = self._piece, bytearray()
        await asyncio.to_thread(self._write, piece) if len(piece) > SMALL else self._write(piece)

    def _write(self, piece: bytearray) -> None:
        self.hash.update(piece)
        self._body.write(piece)


async def _store_part(stream: AsyncIterator[bytes], boundary: str, field: str, spool: _Spool) -> str:
    """Bring the field's bytes to the spool; the file's name."""
    name: str | None = None
    wanted, arrived = False, 0
    with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
        async for chunk in stream:
            arrived += len(chunk)
            for part in parser.parse(chunk) if not parser.closed else ():
                if isinstance(part, MultipartSegment):
                    wanted = name is None and part.name == field
                    if wanted:
                        name = extended_name(_disposition(part)) or part.filename or ""
                elif part and wanted:
                    if not spool.fits(part):
                        await _drain(stream)
                        raise _too_large(spool.max_bytes)
                    await spool.add(part)
            if arrived - spool.size > AROUND:
                await _drain(stream)
                raise InvalidField("The multipart form holds too much besides the file.")
    if name is None:
        raise InvalidField(f"The multipart form has no file named {field!r}.")
    await spool.flush()
    return name


def _disposition(part: MultipartSegment) -> str:
    return next((value for name, value in part.headerlist if name == "Content-Disposition"), "")


async def _store_body(stream: AsyncIterator[bytes], spool: _Spool) -> None:
    """Bring a body to the spool."""
    async for chunk in stream:
        if not spool.fits(chunk):
            await _drain(stream)
            raise _too_large(spool.max_bytes)
        await spool.add(chunk)
    await spool.flush()


def _boundary(request: Request[Any, Any, Any]) -> str:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    if not options.get("boundary"):
        raise InvalidField("The multipart form has no boundary.")
    return str(options["boundary"])


def _announced(request: Request[Any, Any, Any]) -> int:
    """How long the body is to be; 0 when it does not say."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0


def _too_large(max_bytes: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The file is larger than {max_bytes} bytes.")


async def _drain(stream: AsyncIterator[bytes]) -> None:
    """Read on to the end, within reason."""
    dropped = 0
    async with asyncio.timeout(DEADLINE_S):
        async for chunk in stream:
            dropped += len(chunk)
            if dropped > MOST_DRAINED:
                return
