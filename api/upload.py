"""A file from a multipart body, streamed to a temporary file and bounded, whatever the client says of its size."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

import msgspec
from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from domain.refusals import InvalidField, PayloadTooLarge, UnsupportedMediaType

IN_MEMORY = 1024 * 1024
DEADLINE_S = 300.0
MOST_DRAINED = 1024 * 1024 * 1024
MOST_PARTS = 20


class Upload(msgspec.Struct, frozen=True):
    """A file as it came: the name that the client gave it, and its bytes."""

    name: str
    body: bytes


async def read_upload(request: Request[Any, Any, Any], field: str, max_bytes: int) -> Upload:
    """The file of the multipart field `field`. `UnsupportedMediaType` when the body is no multipart form;
    `InvalidField` when it is broken or has no such file; `PayloadTooLarge` beyond `max_bytes`, after reading (and
    dropping) the rest, because a client that is still sending would not see the answer."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    if not options.get("boundary"):
        raise InvalidField("The multipart form has no boundary.")
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
        try:
            async with asyncio.timeout(DEADLINE_S):
                name = await _store_part(request.stream(), options["boundary"], field, spool, max_bytes)
        except (MultipartError, UnicodeDecodeError) as error:
            raise InvalidField("The multipart form is broken.") from error
        except TimeoutError:
            raise InvalidField(f"The file did not arrive within {DEADLINE_S:.0f} s.") from None
        spool.seek(0)
        return Upload(name, spool.read())


async def _store_part(stream: AsyncIterator[bytes], boundary: str, field: str, spool: IO[bytes], max_bytes: int) -> str:
    """Write the field's bytes to `spool`; the file's name."""
    name: str | None = None
    wanted = False
    with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
        async for chunk in stream:
            if parser.closed:
                continue  # what follows the form
            for part in parser.parse(chunk):
                if isinstance(part, MultipartSegment):
                    wanted = name is None and part.name == field
                    if wanted:
                        name = part.filename or ""
                elif part and wanted:
                    if spool.tell() + len(part) > max_bytes:
                        await _drain(stream)
                        raise PayloadTooLarge(f"The file is larger than {max_bytes} bytes.")
                    spool.write(part)
    if name is None:
        raise InvalidField(f"The multipart form has no file named {field!r}.")
    return name


async def _drain(stream: AsyncIterator[bytes]) -> None:
    """Read on to the end, within reason."""
    dropped = 0
    async for chunk in stream:
        dropped += len(chunk)
        if dropped > MOST_DRAINED:
            return
