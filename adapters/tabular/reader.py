"""`TableReader`: each file in a process of its own, which is ended with it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import BinaryIO

import msgspec

from adapters.tabular.wire import LENGTH_BYTES, MAX_MESSAGE, Batch, Header, Message, TableRefused
from application.ports.tools.tables import Row, Table
from domain.refusals import DocumentRefused, UnsupportedMediaType

MEMORY_BYTES = 1024 * 1024 * 1024
SECONDS = 60
MESSAGE_S = 120.0


class ProcessTableReader:
    """Limits: memory in bytes, seconds of processor time."""

    def __init__(self, *, memory: int = MEMORY_BYTES, seconds: int = SECONDS) -> None:
        self._limits = (str(memory), str(seconds))

    @asynccontextmanager
    async def open(self, name: str, body: BinaryIO) -> AsyncIterator[Table]:
        """See `application.ports.tools.tables.TableReader`. The process reads the file itself."""
        with ExitStack() as stack:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", "adapters.tabular.child", _extension(name), *self._limits,
                stdin=_to_read(body, stack), stdout=PIPE, env={},
            )  # fmt: skip
        try:
            header = await _next(child)
            if not isinstance(header, Header):
                raise _damaged()
            yield Table(header.columns, _batches(child))
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _extension(name: str) -> str:
    """That of a file's name, if it can be an argument."""
    extension = name.rpartition(".")[2].lower()[:20]
    return extension if extension.isascii() and extension.isalnum() else ""


def _to_read(body: BinaryIO, stack: ExitStack) -> int:
    """A descriptor of the file that cannot write to it, where that can be had."""
    body.flush()
    if sys.platform != "linux":
        return body.fileno()
    reading = os.open(f"/proc/self/fd/{body.fileno()}", os.O_RDONLY)
    stack.callback(os.close, reading)
    return reading


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
            if length > MAX_MESSAGE:
                raise _damaged()
            message: Message = msgspec.msgpack.decode(await child.stdout.readexactly(length), type=Message)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise DocumentRefused("unreadable", "Reading the file takes more than is allowed.") from error
    except msgspec.MsgspecError as error:
        raise _damaged() from error
    if isinstance(message, TableRefused):
        detail = message.detail
        raise DocumentRefused(message.reason, detail) if message.reason else UnsupportedMediaType(detail)
    return message


def _damaged() -> DocumentRefused:
    return DocumentRefused("unreadable", "The file is damaged.")
