"""Background tasks, each with an owner that sees it end: sets of tasks, loops begun again, work that is shared."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Generic, Self, TypeVar

import structlog

from application.clock import monotonic
from domain.refusals import DependencyRefuses, DependencyUnavailable, Refusal

T = TypeVar("T")
K = TypeVar("K")
Work = Coroutine[Any, Any, T]
Up = Callable[[], None]
"""A loop calls it when it has just done something right: from then on it counts as up again."""


def idle() -> None:
    """For a loop that nobody keeps."""


BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0)
ROUND_S = 60.0
STEADY_S = 10.0
"""A loop that ran for so long has got over what ended it before."""
STOP_S = 5.0
EXPECTED = (Refusal, OSError, TimeoutError)
"""Something is away: said in one line. Anything else is our own fault, and is said with its stack."""
NOTHING: Mapping[str, str] = {}
GIVES_WAY = (KeyboardInterrupt, SystemExit, GeneratorExit)

log = structlog.get_logger()
ended: Counter[str] = Counter()
"""How often tasks of this process ended unasked, by name; the metric `colloquy_task_ended_total`."""


class TaskSet:
    """Tasks of one owner. What one of them raises is told to whoever waits for it; where nobody does, it is logged and
    counted under the set's name. Iterable and with a length, as a set of tasks is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tasks: dict[
            asyncio.Task[Any], None
        ] = {}  # in their order: what ends together ends the same way each time
        self._awaited: set[asyncio.Task[Any]] = set()

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(tuple(self._tasks))

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Work[T]) -> asyncio.Task[T]:
        """Run it; nobody waits for it."""
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._see_end)
        return task

    def start_awaited(self, work: Work[T]) -> asyncio.Task[T]:
        """Run it for a caller who reads how it ended."""
        task = self.start(work)
        self._awaited.add(task)
        return task

    async def shielded(self, work: Work[T]) -> T:
        """Run it and wait. A caller that is cancelled leaves; the work goes on to its end."""
        task = self.start_awaited(work)
        try:
            return await outcome(task)
        finally:
            self._awaited.discard(task)

    async def join(self, timeout_s: float) -> None:
        """Wait until all have ended, or the time is up."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=timeout_s)

    async def end(self, timeout_s: float = STOP_S) -> None:
        """Cancel what runs, and see it end."""
        for task in self:
            task.cancel()
        await self.join(timeout_s)

    def _see_end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        awaited = task in self._awaited
        self._awaited.discard(task)
        if task.cancelled():
            error: BaseException | None = None if task.cancelling() else asyncio.CancelledError()
        else:
            error = task.exception()
        if error is not None and not awaited:
            note_end(self.name, error)


@asynccontextmanager
async def beside(work: Work[T]) -> AsyncIterator[asyncio.Task[T]]:
    """Run it while the block runs: a task to wait for in the block, and cancelled where the block ends before it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whoever waited for it has heard


class SingleFlight(Generic[K, T]):
    """One piece of work a key, however many want it at the same time; whoever leaves does not end it for the others."""

    def __init__(self, name: str) -> None:
        self._tasks = TaskSet(name)
        self._under_way: dict[K, asyncio.Task[T]] = {}

    async def of(self, key: K, work: Callable[[], Work[T]]) -> T:
        """What it came to, or what it raised."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = self._tasks.start_awaited(work())
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await outcome(task)


class Loops:
    """The loops of a process: each runs until `stop`. One that ends before that is logged, counted, told to whoever
    asks `down`, and begun again, a little later each time."""

    def __init__(self, stop: asyncio.Event | None = None, *, backoff_s: Sequence[float] = BACKOFF_S) -> None:
        self.stop = stop or asyncio.Event()
        self._backoff_s = backoff_s
        self._tasks = TaskSet("loops")
        self._loops: dict[str, _Loop] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def down(self) -> dict[str, str]:
        """Every loop by name, and why it is down; an empty word while it is up."""
        return {name: "" if loop.steady else loop.why for name, loop in self._loops.items()}

    def keep(self, name: str, run: Callable[[Up], Awaitable[None]]) -> None:
        """Keep a loop going that ends only when `stop` is set."""
        loop = self._loops[name] = _Loop()
        self._tasks.start(self._keep(name, loop, run))

    def every(self, name: str, seconds: float, round: Callable[[], Awaitable[None]], within_s: float = ROUND_S) -> None:
        """Do a round again and again, with so many seconds between; one longer than `within_s` has failed."""

        async def run(up: Up) -> None:
            while not self.stop.is_set():
                async with asyncio.timeout(within_s):
                    await round()
                up()
                await pause(self.stop, seconds)

        self.keep(name, run)

    async def close(self) -> None:
        """Stop all loops: they may finish their round, within bounds."""
        self.stop.set()
        await self._tasks.join(STOP_S)
        await self._tasks.end()

    async def end(self) -> None:
        """Stop all loops where they stand."""
        self.stop.set()
        await self._tasks.end()

    async def join(self, timeout_s: float) -> None:
        """Wait until all have ended, or the time is up."""
        await self._tasks.join(timeout_s)

    async def _keep(self, name: str, loop: _Loop, run: Callable[[Up], Awaitable[None]]) -> None:
        while not self.stop.is_set():
            loop.begin()
            error = await _end_of(run(loop.up))
            if self.stop.is_set():
                return
            loop.end(error)
            note_end(name, error, whole=loop.setbacks == 1)
            await pause(self.stop, self._backoff_s[min(loop.setbacks, len(self._backoff_s)) - 1])


class _Loop:
    """How a loop is: why it is down, since when it runs again, how often in a row it ended before it did any good."""

    def __init__(self) -> None:
        self.why, self.setbacks = "", 0
        self._since, self._runs = monotonic(), False

    @property
    def steady(self) -> bool:
        return self._runs and monotonic() - self._since > STEADY_S

    def begin(self) -> None:
        self._since, self._runs = monotonic(), True

    def up(self) -> None:
        self.why, self.setbacks = "", 0

    def end(self, error: BaseException) -> None:
        self.setbacks = 1 if self.steady else self.setbacks + 1
        self.why, self._runs = type(error).__name__, False


async def _end_of(run: Awaitable[None]) -> BaseException:
    try:
        await run
    except GIVES_WAY:
        raise
    except BaseException as error:  # libraries in other languages panic past Exception
        if is_cancelled(error):
            raise
        return error
    return RuntimeError("it returned although nobody stopped it")


def note_end(name: str, error: BaseException, *, whole: bool = True, about: Mapping[str, str] = NOTHING) -> None:
    """A task ended unasked: a log line, with its stack unless it need not be said `whole`, and a count."""
    ended[name] += 1
    if isinstance(error, DependencyRefuses):
        log.error("task_ended", task=name, reason=str(error), **about)  # it waits until somebody mends it
    elif isinstance(error, EXPECTED) or not whole:
        log.warning("task_ended", task=name, reason=str(error) or type(error).__name__, **about)
    else:
        log.error("task_ended", task=name, reason=type(error).__name__, exc_info=error, **about)


@contextmanager
def isolated(name: str, **about: str) -> Iterator[None]:
    """Around one item of a batch: whatever it raises is logged and counted, and the batch goes on without it."""
    try:
        yield
    except GIVES_WAY:
        raise
    except BaseException as error:
        if is_cancelled(error):
            raise
        note_end(name, error, about=about)


def is_cancelled(error: BaseException) -> bool:
    """Whether the running task is to end. A CancelledError that nobody sent to it came from something it waited for."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not through a stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        pass  # nobody stopped us: the time is up


async def outcome(task: asyncio.Task[T]) -> T:
    """What a task comes to, or what it raises; it goes on when whoever waits is cancelled. A task that was cancelled
    itself is `DependencyUnavailable`."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as error:
        if is_cancelled(error):
            raise
        raise DependencyUnavailable("What was waited for was given up; try again.") from error
