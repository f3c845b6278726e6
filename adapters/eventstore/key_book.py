"""A tenant's keys written down, wrapped: what a restored copy of the database lacks once its keys were destroyed."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from adapters.database_transactions import tenant_transaction, transaction
from application.acting_tenant import acting_tenant

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('keys of ' || %s, 0))"
LENGTH = struct.Struct(">I")


class Book(msgspec.Struct, frozen=True, array_like=True):
    """The head: the tenant's key and the one for keyed hashes, wrapped. Lists of (stream, wrapped key) follow."""

    epoch: int
    wrapped: bytes
    digest: bytes


def framed(part: Any) -> bytes:
    """A part of a book, in MessagePack, with its length before it."""
    body = msgspec.msgpack.encode(part)
    return LENGTH.pack(len(body)) + body


def parts(book: BinaryIO) -> Iterator[bytes]:
    """The parts, from where it stands; ValueError when it was cut."""
    while head := book.read(LENGTH.size):
        body = book.read(LENGTH.unpack(head)[0])
        if len(body) != LENGTH.unpack(head)[0]:
            raise ValueError("a key book ends too soon")
        yield body


class RestoredKeys:
    """`RestorableKeys` in PostgreSQL. `worker` sees which tenants there are."""

    def __init__(self, pool: Any, worker: Any) -> None:
        self._pool, self._worker = pool, worker

    async def epochs(self) -> list[tuple[str, int]]:
        """See `application/ports/facts/keys.py`."""
        async with transaction(self._worker) as connection:
            cursor = await connection.execute("SELECT tenant, epoch FROM tenant_keys ORDER BY tenant")
            found: list[tuple[str, int]] = await cursor.fetchall()
        return found

    async def restore(self, tenant: str, book: BinaryIO) -> bool:
        """See `application/ports/facts/keys.py`. What the book lacks was shredded."""
        acting_tenant(tenant)  # before anything is read in its name
        written = parts(book)
        head = msgspec.msgpack.decode(next(written), type=Book)
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(LOCK, (tenant,))
            cursor = await connection.execute(
                "UPDATE tenant_keys SET wrapped = %s, epoch = %s, digest = %s, due = NULL, replaced = '{}'"
                " WHERE tenant = %s AND epoch < %s RETURNING epoch",
                (head.wrapped, head.epoch, head.digest, tenant, head.epoch),
            )
            if await cursor.fetchone() is None:
                return False
            await connection.execute(
                "UPDATE stream_keys SET wrapped = NULL WHERE split_part(stream, '/', 1) = %s", (tenant,)
            )
            while body := await asyncio.to_thread(next, written, None):
                pairs = msgspec.msgpack.decode(body, type=list[tuple[str, bytes]])
                await connection.execute(
                    "UPDATE stream_keys AS held SET wrapped = new.wrapped"
                    " FROM unnest(%s::text[], %s::bytea[]) AS new(stream, wrapped) WHERE held.stream = new.stream",
                    ([stream for stream, _ in pairs], [wrapped for _, wrapped in pairs]),
                )
        return True
