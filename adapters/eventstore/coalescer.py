"""All appends that wait in this process share one transaction: commits under the ordering lock are what is scarce."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # only to spread retries
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec
import structlog
from eventsourcing.persistence import IntegrityError, InterfaceError, InternalError, OperationalError, StoredEvent
from prometheus_client import Gauge, Histogram
from psycopg.errors import ReadOnlySqlTransaction

from adapters.eventstore.deadlines import SharedDeadline
from adapters.eventstore.keyring import NewKey
from adapters.eventstore.recorder import LaneRecorder
from application.tasks import Loops, Up
from domain.refusals import Conflict, DependencyUnavailable, Draining, Overloaded

MAX_EVENTS = 500
MAX_BYTES = 8 * 1024 * 1024
"""Of a transaction's facts: its last append may go beyond."""
MAX_WAITING = 5_000
MAX_WAITING_BYTES = 64 * 1024 * 1024
PAUSES_S = (0.0, 0.05, 0.2, 1.0, 2.0, 3.0)
APPEND_S = 30.0
T = TypeVar("T")
APPENDS_WAITING = Gauge("colloquy_appends_waiting", "Appends that wait for the next transaction, when it is begun")
APPEND_SECONDS = Histogram(
    "colloquy_append_seconds", "One transaction of appends, with all its tries",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0),
)  # fmt: skip
log = structlog.get_logger()


class Waiting(msgspec.Struct):
    """One append in the queue: all of it or nothing. `tenant` is for whom its caller acts."""

    tenant: str
    events: list[StoredEvent]
    keys: list[NewKey]
    done: asyncio.Future[int]

    @property
    def size(self) -> int:
        """Bytes of its facts."""
        return sum(len(event.state) for event in self.events)


class Coalescer:
    """One writing loop, called `name`, and one thread for a lane. An append that cannot be written is tried again after
    each of the pauses; its caller waits `append_s` seconds at most."""

    def __init__(
        self,
        recorder: LaneRecorder,
        name: str = "append",
        *,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        pauses_s: Sequence[float] = PAUSES_S,
        append_s: float = APPEND_S,
    ) -> None:
        self._recorder, self._pauses_s, self._append_s = recorder, pauses_s, append_s
        self._deadlines = SharedDeadline(append_s, unreachable)
        self._max_waiting, self._max_waiting_bytes, self._waiting_bytes = max_waiting, max_waiting_bytes, 0
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(max_waiting + 1)  # one place is for the end
        self._thread = ThreadPoolExecutor(1, "append")
        self._name, self.loops = name, Loops(backoff_s=(0.0, 0.1, 1.0))

    def start(self) -> None:
        """Begin to write."""
        self.loops.keep(self._name, self._run)

    async def stop(self) -> None:
        """Write what waits, then end; what comes later is refused."""
        self.loops.stop.set()
        self._queue.put_nowait(None)
        await self.loops.join(self._append_s)
        await self.loops.end()
        _fail([waiting for waiting in _left(self._queue) if waiting], Draining())
        self._thread.shutdown(wait=False)

    async def append(self, tenant: str, events: list[StoredEvent], keys: list[NewKey]) -> int:
        """The position of the last event once they are stored; a caller that is cancelled does not undo it.

        `Overloaded` when too many wait, `Draining` after the end; `DependencyUnavailable` when the outcome is not known
        in time."""
        if self.loops.stop.is_set():
            raise Draining
        waiting = Waiting(tenant, events, keys, asyncio.get_running_loop().create_future())
        room = self._waiting_bytes + waiting.size <= self._max_waiting_bytes or self._queue.empty()
        if self._queue.qsize() >= self._max_waiting or not room:
            raise Overloaded(retry_after_s=1)
        self._queue.put_nowait(waiting)
        self._waiting_bytes += waiting.size
        self._deadlines.watch(waiting.done)
        return await waiting.done

    async def _run(self, up: Up) -> None:
        batch: list[Waiting] = []
        try:
            while True:
                await self._fill(batch)
                if not batch:
                    return
                APPENDS_WAITING.set(self._queue.qsize())
                with APPEND_SECONDS.time():
                    await self._write(batch)
                batch.clear()
                up()
        finally:
            _fail(batch, unreachable())  # whatever ends this loop, nobody waits for a batch that nobody has

    async def _fill(self, batch: list[Waiting]) -> None:
        """Take what waits, at least one append; nothing at the end."""
        size = held = 0
        while size < MAX_EVENTS and held < MAX_BYTES and (not batch or not self._queue.empty()):
            waiting = await self._queue.get()
            if waiting is None:
                if batch:
                    self._queue.put_nowait(None)
                break
            batch.append(waiting)
            size += len(waiting.events)
            held += waiting.size
            self._waiting_bytes -= waiting.size

    async def _write(self, batch: list[Waiting]) -> None:
        events = [event for waiting in batch for event in waiting.events]
        keys = [key for waiting in batch for key in waiting.keys]
        tenants = [waiting.tenant for waiting in batch for _ in waiting.events]
        for pause in self._pauses_s:
            if pause:  # a sleep of nothing would cost a round of the loop, which is long when many appends wait
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            try:
                write = partial(self._recorder.insert_events, events, keys=keys, tenants=tenants)
                _succeed(batch, await self._in_thread(write))
                return
            except (OperationalError, InterfaceError) as error:
                # The outcome is unknown: try again, and if that conflicts the stored bytes decide.
                log.warning("append_tried_again", error=type(error).__name__)
                await self._in_thread(self._recorder.mend)
            except InternalError as error:
                if not isinstance(error.__cause__, ReadOnlySqlTransaction):
                    await self._split(batch, error)
                    return
                # The server that we are connected to only follows another now: its connections are sound, and no use.
                log.warning("append_tried_again", error="ReadOnlySqlTransaction")
                await self._in_thread(partial(self._recorder.mend, anew=True))
            except Exception as error:
                await self._split(batch, error)
                return
        _fail(batch, unreachable())

    async def _split(self, batch: list[Waiting], error: Exception) -> None:
        """One append is guilty: the others go through."""
        if len(batch) > 1:
            half = len(batch) // 2
            await self._write(batch[:half])
            await self._write(batch[half:])
        elif not isinstance(error, IntegrityError):
            _fail(batch, error)
        elif stored := await self._already_stored(batch[0]):
            _succeed(batch, stored)
        else:
            _fail(batch, Conflict())

    async def _already_stored(self, waiting: Waiting) -> list[int] | None:
        try:
            return await self._in_thread(
                partial(self._recorder.already_stored, waiting.tenant, waiting.events, waiting.keys)
            )
        except (OperationalError, InterfaceError) as error:
            raise unreachable() from error

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _left(queue: asyncio.Queue[Waiting | None]) -> Iterator[Waiting | None]:
    while not queue.empty():
        yield queue.get_nowait()


def unreachable() -> DependencyUnavailable:
    """What a caller hears when the database is away or silent."""
    return DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2)


def _succeed(batch: list[Waiting], positions: Sequence[int]) -> None:
    end = 0
    for waiting in batch:
        end += len(waiting.events)
        if not waiting.done.done():
            waiting.done.set_result(positions[end - 1])


def _fail(batch: list[Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)
            waiting.done.exception()  # a caller that left does not read it
