"""All appends that wait in this process share one transaction: commits under the ordering lock are what is scarce."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # only to spread retries
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError, PersistenceError, StoredEvent

from adapters.eventstore.recorder import LaneRecorder, NewKey
from domain.refusals import Conflict, DependencyUnavailable, Overloaded

MAX_EVENTS = 640
MAX_WAITING = 5_000
PAUSES_S = (0.0, 0.05, 0.2, 1.0, 2.0, 3.0)
T = TypeVar("T")


class Waiting(msgspec.Struct):
    """One append in the queue: all of it or nothing."""

    events: list[StoredEvent]
    keys: list[NewKey]
    done: asyncio.Future[int]


class Coalescer:
    """One writer task and one thread for a lane."""

    def __init__(self, recorder: LaneRecorder) -> None:
        self._recorder = recorder
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(MAX_WAITING)
        self._thread = CapacityLimiter(1)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what waits, then end."""
        await self._queue.put(None)
        if self._task:
            await self._task

    async def append(self, events: list[StoredEvent], keys: list[NewKey]) -> int:
        """The position of the last event once they are stored; a caller that is cancelled does not undo it."""
        waiting = Waiting(events, keys, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Overloaded(retry_after_s=1) from None
        return await asyncio.shield(waiting.done)

    async def _run(self) -> None:
        closing = False
        while not closing:
            batch: list[Waiting] = []
            size = 0
            while size < MAX_EVENTS and (not batch or not self._queue.empty()):
                waiting = await self._queue.get()
                if waiting is None:
                    closing = True
                    break
                batch.append(waiting)
                size += len(waiting.events)
            if batch:
                await self._write(batch)

    async def _write(self, batch: list[Waiting]) -> None:
        events = [event for waiting in batch for event in waiting.events]
        keys = [key for waiting in batch for key in waiting.keys]
        for pause in PAUSES_S:
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            try:
                positions = await self._in_thread(partial(self._recorder.insert_events, events, keys=keys))
                _succeed(batch, positions)
                return
            except (OperationalError, InterfaceError):
                continue  # the outcome is unknown: try again, and the stored bytes decide
            except PersistenceError as error:
                await self._split(batch, error)
                return
            except Exception as error:
                _fail(batch, error)
                return
        _fail(batch, DependencyUnavailable("The event store cannot be reached; try again.", retry_after_s=2))

    async def _split(self, batch: list[Waiting], error: PersistenceError) -> None:
        """One append is guilty: the others go through by themselves."""
        if len(batch) > 1:
            for waiting in batch:
                await self._write([waiting])
            return
        if isinstance(error, IntegrityError):
            stored = await self._in_thread(partial(self._recorder.already_stored, batch[0].events))
            if stored:
                _succeed(batch, stored)
            else:
                _fail(batch, Conflict())
        else:
            _fail(batch, error)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(call, limiter=self._thread)


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
