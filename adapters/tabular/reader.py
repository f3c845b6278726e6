"""`TableReader`: each file in a process of its own, which is ended with it."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from adapters.tabular.wire import LENGTH_BYTES, Batch, Header, Message, Refused
from application.ports.tables import Row, Table
from domain.refusals import DocumentRefused, UnsupportedMediaType

MEMORY_BYTES = 1024 * 1024 * 1024
SECONDS = 60
MESSAGE_S = 120.0
PARQUET = b"PAR1"
NOT_TEXT = (b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"SQLite", b"\x89PNG", b"\xff\xd8\xff")


class ProcessTableReader:
    """Limits: memory in bytes, seconds of processor time."""

    def __init__(self, *, memory: int = MEMORY_BYTES, seconds: int = SECONDS) -> None:
        self._limits = (str(memory), str(seconds))

    @asynccontextmanager
    async def open(self, name: str, body: bytes) -> AsyncIterator[Table]:
        """See `application.ports.tables.TableReader`."""
        kind = table_kind(name, body)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "adapters.tabular.child", kind, *self._limits, stdin=PIPE, stdout=PIPE, env={}
        )
        feeding = asyncio.create_task(_feed(child, body))
        try:
            header = await _next(child)
            if not isinstance(header, Header):
                raise _damaged()
            yield Table(header.columns, _batches(child))
        finally:
            feeding.cancel()
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def table_kind(name: str, body: bytes) -> str:
    """`csv` or `parquet`, by what the file begins with; its name must not say otherwise. Refusals as in the port."""
    extension = name.rpartition(".")[2].lower()
    if not body.strip():
        raise DocumentRefused("empty_file", "The file is empty.")
    if body.startswith(PARQUET):
        if extension == "csv":
            raise DocumentRefused("type_mismatch", "The name says CSV, the content Parquet.")
        return "parquet"
    if extension in ("parquet", "pq"):
        raise DocumentRefused("type_mismatch", "The name says Parquet, the content does not.")
    if body.startswith(NOT_TEXT):
        raise UnsupportedMediaType("A dataset is a CSV or a Parquet file.")
    return "csv"


async def _feed(child: Process, body: bytes) -> None:
    assert child.stdin is not None
    with suppress(ConnectionError):  # it has ended, and its answer says why
        child.stdin.write(body)
        await child.stdin.drain()
        child.stdin.close()


async def _batches(child: Process) -> AsyncIterator[list[Row]]:
    while True:
        message = await _next(child)
        if not isinstance(message, Batch):
            raise _damaged()
        if not message.rows:
            return
        yield message.rows


async def _next(child: Process) -> Message:
    assert child.stdout is not None
    try:
        async with asyncio.timeout(MESSAGE_S):
            length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
            body = await child.stdout.readexactly(length)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise DocumentRefused("unreadable", "Reading the file takes more than is allowed.") from error
    message: Message = msgspec.msgpack.decode(body, type=Message)
    if isinstance(message, Refused):
        raise DocumentRefused(message.reason, message.detail)
    return message


def _damaged() -> DocumentRefused:
    return DocumentRefused("unreadable", "The file is damaged.")
