"""Asks the recogniser's process, several texts at a time, and starts it where it is not there."""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from adapters.names.wire import READY, is_ours, receive, send
from application.clock import Seconds, monotonic
from application.ports.models.detector import Span
from domain.refusals import DependencyUnavailable

log = structlog.get_logger(__name__)

WAITING, WAITING_BYTES = 256, 4 * 1024 * 1024
BATCH, BATCH_BYTES = 16, 64 * 1024
"""Texts that are asked at once; a single one may be longer."""
DEADLINE_S, MORE_S_A_KILOBYTE = 2.0, 0.2
START_S = 10.0
AWAY_S = 5.0
"""How long it counts as away after it was."""
SCORE = 0.9
_decode = msgspec.msgpack.Decoder(list[list[tuple[str, int, int]]]).decode
Waiter = asyncio.Future[list[tuple[str, int, int]]]


class NameRecogniser:
    """A `Detector` of names, addresses and places. Whoever asks first asks for all that wait, so that there is no task
    of its own; what was asked in vain is refused at once until `AWAY_S` have passed."""

    def __init__(
        self,
        socket: Path,
        program: Sequence[str] = (sys.executable, "-I", "-m", "adapters.names.server"),
        *,
        deadline_s: float = DEADLINE_S,
        clock: Seconds = monotonic,
    ) -> None:
        self._socket, self._program, self._deadline_s, self._clock = socket, program, deadline_s, clock
        self._waiting: deque[tuple[str, Waiter]] = deque()
        self._bytes = 0
        self._turn = asyncio.Lock()
        self._streams: tuple[StreamReader, StreamWriter] | None = None
        self._process: Process | None = None
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        """Whether it did not answer a moment ago."""
        return self._clock() < self._away_until

    async def find(self, text: str) -> Sequence[Span]:
        """See the port."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if self.is_away or len(self._waiting) >= WAITING or self._bytes + size > WAITING_BYTES:
            raise DependencyUnavailable("The recogniser of names is away or has too much to do; try again.")
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((text.encode(errors="replace").decode(), waiter))
        self._bytes += size
        try:
            async with asyncio.timeout(self._deadline_s + MORE_S_A_KILOBYTE * size / 1_000):
                while not waiter.done():
                    async with self._turn:
                        if not waiter.done():
                            await self._ask()
                found = waiter.result()
        except (TimeoutError, OSError, EOFError, msgspec.MsgspecError) as error:
            self._lost(error)
            raise DependencyUnavailable("The recogniser of names is away; try again.") from error
        finally:
            self._bytes -= size
            if not waiter.done():
                waiter.cancel()
                self._waiting = deque(entry for entry in self._waiting if entry[1] is not waiter)
        return [Span(kind, start, end, SCORE) for kind, start, end in found]

    async def close(self) -> None:
        """Let go of the process; it ends when nobody else asks it."""
        self._drop()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _ask(self) -> None:
        batch = self._next_batch()
        try:
            reader, writer = self._streams or await self._connect()
            await send(writer, [text for text, _ in batch])
            found = _decode(await receive(reader))
            if len(found) != len(batch):
                raise ConnectionError("an answer to something else")
        except BaseException:  # whoever asked may have been cancelled: the next answer would be to this question
            self._drop()
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_exception(ConnectionError("the recogniser is gone"))
                    waiter.exception()  # looked at, whoever waits or not
            raise
        for (_, waiter), one in zip(batch, found, strict=True):
            if not waiter.done():
                waiter.set_result(one)

    def _next_batch(self) -> list[tuple[str, Waiter]]:
        batch: list[tuple[str, Waiter]] = []
        size = 0
        while self._waiting and len(batch) < BATCH:
            text, waiter = self._waiting[0]
            if batch and size + len(text) > BATCH_BYTES:
                break
            self._waiting.popleft()
            if not waiter.done():
                batch.append((text, waiter))
                size += len(text)
        return batch

    async def _connect(self) -> tuple[StreamReader, StreamWriter]:
        folder = self._socket.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        if not is_ours(folder):
            raise ConnectionError(f"{folder} belongs to somebody else, or others may write there")
        try:
            self._streams = await asyncio.open_unix_connection(self._socket)
        except (FileNotFoundError, ConnectionRefusedError):
            await self._start()
            self._streams = await asyncio.open_unix_connection(self._socket)
        return self._streams

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._program, str(self._socket), stdin=DEVNULL, stdout=PIPE, env={}
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            if await self._process.stdout.readline() != READY:
                raise ConnectionError("the recogniser did not start")

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def _lost(self, error: BaseException) -> None:
        if not self.is_away:
            log.warning("names.away", error=type(error).__name__, detail=str(error))
        self._away_until = self._clock() + AWAY_S
