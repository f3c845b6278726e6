"""What the reader's process and its parent say to each other: msgpack, each message after its length."""

from __future__ import annotations

import msgspec

from application.ports.extractor import Extracted

LENGTH_BYTES = 4


class Task(msgspec.Struct, frozen=True, array_like=True):
    """Read this file."""

    media_type: str
    body: bytes


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It cannot or must not be read, and why."""

    reason: str
    detail: str


class Read(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It says this."""

    extracted: Extracted


def frame(message: msgspec.Struct) -> bytes:
    """A message as it goes through the pipe."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
