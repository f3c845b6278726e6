"""What many callers want at once goes together: those that wait share a trip, and few trips are under way."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from application.tasks import GIVES_WAY, TaskSet, is_cancelled, note_end
from domain.refusals import DependencyUnavailable, Overloaded

MOST_WAITING = 5_000
MOST_BYTES = 64 * 1024 * 1024
"""Of all that waits for one kind of trip."""
A = TypeVar("A")
R = TypeVar("R")


class Batcher(ABC, Generic[A, R]):
    """Questions of type A, answers of type R. At most `trips` are under way, each with a batch of those that wait."""

    def __init__(self, trips: int, most_waiting: int = MOST_WAITING) -> None:
        self._most, self._most_waiting = trips, most_waiting
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._tasks = TaskSet("shared_trip")
        self._under_way = self._bytes = 0

    @abstractmethod
    def size(self, asked: A) -> int:
        """About how many bytes it is."""

    @abstractmethod
    def fits(self, batch: Sequence[A], asked: A) -> bool:
        """Whether one more may go with a batch that is not empty."""

    @abstractmethod
    async def send_batch(self, batch: Sequence[A]) -> Sequence[R]:
        """Take a batch there and bring the answers, in its order."""

    @abstractmethod
    def is_item_error(self, error: Exception) -> bool:
        """Whether a batch failed for what one of it asked: each then goes alone. Otherwise all of it fails."""

    async def call(self, asked: A) -> R:
        """The answer. `Overloaded` when too many wait; else what `send_batch` raises."""
        size = self.size(asked)
        if len(self._waiting) >= self._most_waiting or self._bytes + size > MOST_BYTES:
            raise Overloaded(retry_after_s=1)
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        self._bytes += size
        if self._under_way < self._most:
            self._under_way += 1
            self._tasks.start(self._travel())
        return await answer

    async def _travel(self) -> None:
        """Serve batches until nobody waits."""
        try:
            while self._waiting:
                await self._take_along()
        finally:
            self._under_way -= 1  # before anybody else runs: the next caller must not count on this trip

    async def _take_along(self) -> None:
        """One batch. Whatever becomes of it, nobody in it waits any longer, and the trip goes on for the others."""
        batch: list[tuple[A, asyncio.Future[R]]] = []
        try:
            self._fill(batch)
            if batch:
                await self._serve(batch)
        except BaseException as error:
            stopping = is_cancelled(error) or isinstance(error, GIVES_WAY)
            if not stopping:
                note_end(self._tasks.name, error)
            _fail(batch, error if isinstance(error, Exception) else DependencyUnavailable("The process is stopping."))
            if stopping:
                raise

    def _fill(self, batch: list[tuple[A, asyncio.Future[R]]]) -> None:
        questions: list[A] = []
        while self._waiting:
            asked, answer = self._waiting[0]
            if not answer.done():  # else its caller has left
                if batch and not self.fits(questions, asked):
                    break
                batch.append((asked, answer))
                questions.append(asked)
            self._waiting.popleft()
            self._bytes -= self.size(asked)

    async def _serve(self, batch: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            answers = await self.send_batch([asked for asked, _ in batch])
        except Exception as error:
            if len(batch) == 1 or not self.is_item_error(error):
                return _fail(batch, error)
            for each in batch:
                await self._serve([each])
            return None
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers to {len(batch)} questions")
        for (_, answer), found in zip(batch, answers, strict=True):
            if not answer.done():
                answer.set_result(found)
        return None


def _fail(batch: Sequence[tuple[A, asyncio.Future[R]]], error: BaseException) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
            answer.exception()  # a caller that left does not read it
