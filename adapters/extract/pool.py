"""A few reader processes, each replaced when it dies, hangs or has read enough."""

from __future__ import annotations

import asyncio
import io
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Literal

import msgspec
import structlog

from adapters.extract.kinds import DOCX, EML, EPUB, HTML, ODP, ODS, ODT, PDF, PPTX, RTF, XLSX
from adapters.extract.wire import HEAD, LENGTH_BYTES, MAX_ANSWER, Answer, Kind, Read, ReadingRefused, Task, frame
from application.ports.documents.extractor import Extracted
from domain.refusals import DocumentRefused, Overloaded, UnsupportedMediaType

log = structlog.get_logger(__name__)

MEMORY_BYTES = 512 * 1024 * 1024
SECONDS = 30
"""Of the processor, which the kernel counts."""
WALL = 5.0
"""So many times as long by the clock: a reader that gets a fifth of a processor comes to its own end first, and no file
is called unreadable because the machine was busy (ADR 0173)."""
WORN = 2_000
"""Files that a reader reads, then it is replaced: parsers leak and fragment. To start one takes the processor for as
long as hundreds of small texts do, so what our own code reads counts once, and what foreign parsers read ten times."""
WEAR = dict.fromkeys((PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP, EPUB, HTML, EML, RTF), 10)
QUEUE_S = 300.0
PIECE = 256 * 1024
SMALL = 64 * 1024
"""Read at once: it comes out of the system's memory sooner than a thread is woken for it."""
_decode = msgspec.msgpack.Decoder(Answer).decode


class ProcessExtractor:
    """`Extractor`, `Sniffer` and `KindTeller` in child processes (`adapters.extract.child`); made by `open_extractor`.
    Of a file no more than a piece is in this process at a time."""

    def __init__(
        self,
        *,
        children: int,
        max_pages: int,
        memory: int = MEMORY_BYTES,
        seconds: int = SECONDS,
        queue_s: float = QUEUE_S,
        worn: int = WORN,
    ) -> None:
        self._arguments = [str(memory), str(seconds), str(max_pages)]
        self._worn = worn
        self._wall_s, self._queue_s = seconds * WALL, queue_s
        self._idle: asyncio.Queue[_Child | None] = asyncio.Queue()
        for _ in range(children):
            self._idle.put_nowait(None)
        self._children: set[_Child] = set()

    async def extract(self, media_type: str, body: BinaryIO) -> Extracted:
        """See `ports.extractor.Extractor`. A file that kills or outlasts its reader is `unreadable`; `Overloaded` when
        no reader comes free in time."""
        answer = await self._ask(Task("read", media_type, size_of(body)), body)
        if not isinstance(answer, Read):
            raise _nonsense()
        return answer.extracted

    async def sniff(self, name: str, body: BinaryIO) -> str:
        """See `ports.extractor.Sniffer`."""
        return await self._kind("sniff", name, body)

    async def tell(self, name: str, body: BinaryIO) -> str:
        """See `ports.extractor.KindTeller`."""
        return await self._kind("tell", name, body)

    async def _kind(self, do: Literal["sniff", "tell"], name: str, body: BinaryIO) -> str:
        """The beginning is enough for all but packages."""
        size = size_of(body)
        for sent in (min(size, HEAD), size):
            answer = await self._ask(Task(do, name, sent, whole=sent == size), body)
            if isinstance(answer, Kind) and answer.media_type:
                return answer.media_type
        raise _nonsense()

    async def _ask(self, task: Task, body: BinaryIO) -> Answer:
        """The answer to a task; `DocumentRefused`, `UnsupportedMediaType` where it is a refusal."""
        try:
            child = await asyncio.wait_for(self._idle.get(), self._queue_s)
        except TimeoutError:
            raise Overloaded(retry_after_s=5) from None
        try:
            if child is None:
                child = await self._start()
            answer = await asyncio.wait_for(child.ask(task, body), self._wall_s)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError) as error:
            log.warning("extractor.child_lost", task=task.do, size=task.size, error=type(error).__name__)
            raise DocumentRefused("unreadable", "Reading the document takes more than is allowed.") from error
        finally:
            self._idle.put_nowait(self._keep(child))
        if isinstance(answer, ReadingRefused):
            raise (
                DocumentRefused(answer.reason, answer.detail) if answer.reason else UnsupportedMediaType(answer.detail)
            )
        return answer

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
        if child is None or (not child.busy and child.process.returncode is None and child.worn < self._worn):
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
        self.process, self.busy, self.worn = process, False, 0

    async def ask(self, task: Task, body: BinaryIO) -> Answer:
        """One question, one answer."""
        assert self.process.stdout is not None
        self.busy = True
        await self._send(task, body)
        length = int.from_bytes(await self.process.stdout.readexactly(LENGTH_BYTES), "big")
        if length > MAX_ANSWER:
            raise ConnectionError("an answer longer than there can be")
        answer: Answer = _decode(await self.process.stdout.readexactly(length))
        self.busy, self.worn = False, self.worn + (WEAR.get(task.of, 1) if task.do == "read" else 1)
        return answer

    async def _send(self, task: Task, body: BinaryIO) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(frame(task))
        body.seek(0)
        left = task.size
        while left:
            piece = body.read(left) if left <= SMALL else await asyncio.to_thread(body.read, min(left, PIECE))
            if not piece:
                raise ConnectionError("the file is shorter than it was")
            left -= len(piece)
            self.process.stdin.write(piece)
            await self.process.stdin.drain()

    def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()


def size_of(body: BinaryIO) -> int:
    """Bytes of a file."""
    return body.seek(0, io.SEEK_END)


def _nonsense() -> DocumentRefused:
    return DocumentRefused("unreadable", "The document made its reader talk nonsense.")


@asynccontextmanager
async def open_extractor(
    *, max_pages: int, children: int = 2, queue_s: float = QUEUE_S
) -> AsyncIterator[ProcessExtractor]:
    """The reader processes, started as they are needed; who asks waits `queue_s` seconds for one at most."""
    extractor = ProcessExtractor(children=children, max_pages=max_pages, queue_s=queue_s)
    try:
        yield extractor
    finally:
        await extractor.close()
