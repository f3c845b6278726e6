"""What the reader's process and its parent say to each other: msgpack, each message after its length; a file's bytes
follow their task as they are, so that nobody holds them twice."""

from __future__ import annotations

from typing import Literal

import msgspec

from application.ports.documents.extractor import Extracted

LENGTH_BYTES = 4
HEAD = 8_192
"""So much of a file tells its kind, unless it is a package."""
MAX_ANSWER = 64 * 1024 * 1024
"""Of text, passages and title together; what is longer never came from our child."""


class Task(msgspec.Struct, frozen=True, array_like=True):
    """Read, or tell the kind of, the file whose `size` bytes follow: of one that must be a document (`sniff`) or may be
    anything (`tell`). `of` is its media type, or its name. A file whose kind is asked for may be the beginning of one:
    `whole` says whether it is."""

    do: Literal["read", "sniff", "tell"]
    of: str
    size: int
    whole: bool = True


class ReadingRefused(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It cannot or must not be read, and why; without a `reason` it is of no kind that is read."""

    reason: str
    detail: str


class Read(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It says this."""

    extracted: Extracted


class Kind(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It is this; None: its beginning does not tell."""

    media_type: str | None


Answer = Read | ReadingRefused | Kind


def frame(message: msgspec.Struct) -> bytes:
    """A message as it goes through the pipe."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
