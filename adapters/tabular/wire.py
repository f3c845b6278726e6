"""What the reading process says to its parent: length-prefixed messages."""

from __future__ import annotations

import msgspec

from application.ports.tools.tables import Row
from domain.tenant.events import Column

LENGTH_BYTES = 8
MAX_MESSAGE = 8 * 1024 * 1024
"""More than the longest row; what is longer never came from our child."""


class Header(msgspec.Struct, frozen=True, tag=True):
    """The file was looked through, and this is its table."""

    columns: tuple[Column, ...]


class Batch(msgspec.Struct, frozen=True, tag=True):
    """More rows; none when there are no more."""

    rows: list[Row]


class TableRefused(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be read, for one of the public reasons; without one, it is of neither kind."""

    reason: str
    detail: str


Message = Header | Batch | TableRefused


def frame(message: Message) -> bytes:
    """As it is written."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
