"""Hears the turn of an exchange by a task of its own, which waits through silences and sees clients leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from application.exchanges.ask import Asked
from application.exchanges.follow import FollowHandler
from application.sessions import feed_frames as f
from application.tasks import TaskSet, Work

SAID = (f.Delta, f.Reset, f.Completed, f.Failed)
LONGEST_SILENCE_S = 60.0


class ClientLeft(ConnectionError):
    """Nobody is there to be answered."""


class Heard:
    """The frames of a turn as they come. Close it: a turn that nobody hears is cancelled."""

    def __init__(self, follow: FollowHandler, asked: Asked) -> None:
        self._tasks, self._news = TaskSet("exchange_hear"), asyncio.Event()
        self._come: list[f.Frame] = []
        self._reader = self._tasks.start_awaited(self._read(follow, asked))

    async def _read(self, follow: FollowHandler, asked: Asked) -> None:
        try:
            async with follow(asked) as frames:
                async for frame in frames:
                    self._come.append(frame)
                    if isinstance(frame, SAID):
                        self._news.set()
        finally:
            self._news.set()

    async def begin(self, within_s: float) -> f.Failed | None:
        """Wait for the first that is said, so long at most; how the turn failed, if it did before that."""
        try:
            await asyncio.wait_for(self._news.wait(), within_s)
        except TimeoutError:
            return None
        return next((frame for frame in self._come if isinstance(frame, f.Failed)), None)

    async def frames(self, silence_s: float = LONGEST_SILENCE_S) -> AsyncGenerator[f.Frame | None, None]:
        """Those that came, to the turn's end; None after each silence of so many seconds."""
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), silence_s)
            except TimeoutError:
                yield None
                continue
            self._news.clear()
            come, self._come = self._come, []
            for frame in come:
                yield frame
                if isinstance(frame, f.Completed | f.Failed):
                    return
            if self._reader.done():
                self._reader.result()
                return

    async def end(self) -> f.Frame:
        """How it ends."""
        async with aclosing(self.frames()) as frames:
            async for frame in frames:
                if isinstance(frame, f.Completed | f.Failed):
                    return frame
        raise RuntimeError("a turn has an end")

    async def unless(self, gone: Work[None]) -> f.Frame:
        """How it ends, for a client that waits for it; `ClientLeft` when `gone` is over first. It is closed then."""
        end, left = self._tasks.start_awaited(self.end()), self._tasks.start_awaited(gone)
        try:
            await asyncio.wait((end, left), return_when=asyncio.FIRST_COMPLETED)
            if not end.done():
                raise ClientLeft
            return end.result()
        finally:
            for task in (end, left, self._reader):
                task.cancel()

    def close(self) -> None:
        """Hear it no more."""
        self._reader.cancel()
