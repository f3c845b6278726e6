"""Cuts AWS's event stream encoding into frames, each checked against both of its checksums.

Encoding: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html (the same for Bedrock).
A frame is: total length, headers length (uint32 each), CRC32 of these 8 bytes, headers, payload, CRC32 of all before.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import msgspec

PRELUDE = struct.Struct(">III")
CHECKSUM = struct.Struct(">I")
SMALLEST = PRELUDE.size + CHECKSUM.size
LARGEST = 1024 * 1024  # the format allows 24 MB; Bedrock's are of a few hundred bytes
STRING = 7
CACHED_HEADERS = 256


class FrameError(ValueError):
    """The bytes are not a well-formed event stream."""


class Headers(msgspec.Struct, frozen=True):
    """What a frame says about itself: `kind` is event, exception or error; `name` the event's or exception's type."""

    kind: str
    name: str
    detail: str = ""


def parse_headers(raw: bytes) -> Headers:
    """The headers of a Bedrock frame, all of which are strings; FrameError when one is not."""
    values: dict[str, str] = {}
    at = 0
    try:
        while at < len(raw):
            name_end = at + 1 + raw[at]
            if raw[name_end] != STRING:
                raise FrameError(f"header type {raw[name_end]}")
            start = name_end + 3
            end = start + int.from_bytes(raw[name_end + 1 : start], "big")
            if end > len(raw):
                raise FrameError("header overruns its block")
            values[raw[at + 1 : name_end].decode()] = raw[start:end].decode()
            at = end
    except (IndexError, UnicodeDecodeError) as error:
        raise FrameError(f"headers: {error}") from None
    kind = values.get(":message-type", "")
    name = values.get(":event-type") or values.get(":exception-type") or values.get(":error-code") or ""
    return Headers(kind, name, values.get(":error-message", ""))


class FrameDecoder:
    """Bytes in as they come, whole frames out. Headers repeat byte for byte, so each spelling is parsed once."""

    _headers: dict[bytes, Headers] = {}  # noqa: RUF012 - shared on purpose: every stream has the same few spellings

    def __init__(self) -> None:
        self._rest = b""

    @property
    def empty(self) -> bool:
        """Whether no part of a frame is waiting for more bytes."""
        return not self._rest

    def feed(self, data: bytes) -> Iterator[tuple[Headers, bytes]]:
        """The frames that `data` completes, in order; FrameError at the first bad one, after those before it."""
        buffer = self._rest + data if self._rest else data
        at, end = 0, len(buffer)
        while end - at >= SMALLEST:
            total, headers_length, checksum = PRELUDE.unpack_from(buffer, at)
            if zlib.crc32(buffer[at : at + 8]) != checksum:
                raise FrameError("checksum of the lengths")
            if not SMALLEST + headers_length <= total <= LARGEST:
                raise FrameError(f"frame of {total} bytes with {headers_length} of headers")
            if end - at < total:
                break
            frame = buffer[at : at + total]
            if zlib.crc32(frame[:-4]) != CHECKSUM.unpack_from(frame, total - 4)[0]:
                raise FrameError("checksum of the frame")
            at += total
            body = PRELUDE.size + headers_length
            yield self._parsed(frame[PRELUDE.size : body]), frame[body:-4]
        self._rest = buffer[at:]

    def _parsed(self, raw: bytes) -> Headers:
        headers = self._headers.get(raw)
        if headers is None:
            headers = parse_headers(raw)
            if len(self._headers) < CACHED_HEADERS:
                self._headers[raw] = headers
        return headers
