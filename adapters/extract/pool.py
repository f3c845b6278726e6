"""A few reader processes, each replaced when it dies, hangs or has read enough."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import structlog

from adapters.extract.wire import LENGTH_BYTES, Read, Refused, Task, frame
from application.ports.extractor import Extracted
from domain.refusals import DocumentRefused, Overloaded

log = structlog.get_logger(__name__)

MEMORY_BYTES = 512 * 1024 * 1024
SECONDS = 30
FILES_A_CHILD = 200
"""Parsers leak and fragment; a new process is cheap."""
QUEUE_S = 300.0


class ProcessExtractor:
    """`Extractor` in child processes (`adapters.extract.child`); made by `open_extractor`."""

    def __init__(self, *, children: int, max_pages: int, memory: int = MEMORY_BYTES, seconds: int = SECONDS) -> None:
        self._arguments = [str(memory), str(seconds), str(max_pages)]
        self._wall_s = seconds * 2.0
        self._idle: asyncio.Queue[_Child | None] = asyncio.Queue()
        for _ in range(children):
            self._idle.put_nowait(None)
        self._children: set[_Child] = set()

    async def extract(self, media_type: str, body: bytes) -> Extracted:
        """See `ports.extractor.Extractor`. A file that kills or outlasts its reader is `unreadable`; `Overloaded` when
        no reader comes free in five minutes."""
        try:
            child = await asyncio.wait_for(self._idle.get(), QUEUE_S)
        except TimeoutError:
            raise Overloaded from None
        try:
            if child is None:
                child = await self._start()
            answer = await asyncio.wait_for(child.ask(Task(media_type, body)), self._wall_s)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            log.warning("extractor.child_lost", media_type=media_type, size=len(body), error=type(error).__name__)
            raise DocumentRefused("unreadable", "Reading the document takes more than is allowed.") from error
        finally:
            self._idle.put_nowait(self._keep(child))
        if isinstance(answer, Refused):
            raise DocumentRefused(answer.reason, answer.detail)
        return answer.extracted

    async def _start(self) -> _Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "adapters.extract.child", *self._arguments, stdin=PIPE, stdout=PIPE, env={}
        )
        child = _Child(process)
        self._children.add(child)
        return child

    def _keep(self, child: _Child | None) -> _Child | None:
        """The child if it may read another file; else None, and it is ended. One that was interrupted in the middle
        of an answer would give that answer to the next question, so it is never kept."""
        if child is None or (not child.busy and child.process.returncode is None and child.served < FILES_A_CHILD):
            return child
        child.end()
        self._children.discard(child)
        return None

    async def close(self) -> None:
        """End all children."""
        for child in self._children:
            child.end()
        await asyncio.gather(*(child.process.wait() for child in self._children))
        self._children.clear()


class _Child:
    def __init__(self, process: Process) -> None:
        self.process, self.busy, self.served = process, False, 0

    async def ask(self, task: Task) -> Read | Refused:
        """One question, one answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.busy = True
        self.process.stdin.write(frame(task))
        await self.process.stdin.drain()
        length = int.from_bytes(await self.process.stdout.readexactly(LENGTH_BYTES), "big")
        answer = msgspec.msgpack.decode(await self.process.stdout.readexactly(length), type=Read | Refused)
        self.busy, self.served = False, self.served + 1
        return answer

    def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()


@asynccontextmanager
async def open_extractor(*, max_pages: int, children: int = 2) -> AsyncIterator[ProcessExtractor]:
    """The reader processes, started as they are needed."""
    extractor = ProcessExtractor(children=children, max_pages=max_pages)
    try:
        yield extractor
    finally:
        await extractor.close()
