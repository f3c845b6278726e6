"""Keeps one child running: starts it again when it ends, later each time, and gives up when it ends too often."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Awaitable, Callable

from infra.local.child import Recipe, spawn
from infra.local.installation import Installation, kill_group

READY_S = 60.0
ENDS, WITHIN_S = 5, 60.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
HURRIED_S = 2.0


class Keeper:
    """One child. `ready` asks whether the child with that pid answers; without it, running is being ready."""

    def __init__(
        self,
        recipe: Recipe,
        installation: Installation,
        ready: Callable[[int], Awaitable[bool]] | None = None,
        changed: Callable[[Keeper, int | None], None] = lambda keeper, code: None,
    ) -> None:
        self.recipe, self.name = recipe, recipe.name
        self.is_ready = asyncio.Event()
        self._process: Process | None = None
        self._installation, self._ready, self._changed = installation, ready, changed

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self) -> None:
        """Run it again and again; RuntimeError with the end of its log when that is of no use. Ends by cancellation."""
        ends: deque[float] = deque(maxlen=ENDS)
        while True:
            self._process = await spawn(self.recipe, self._installation.log(self.name))
            self._changed(self, None)
            await self._until_ready(self._process)
            code = await self._process.wait()
            kill_group(self._process.pid)  # what it had started must not outlive it
            ends.append(time.monotonic())
            recent = sum(ends[-1] - at < WITHIN_S for at in ends)
            if recent == ENDS:
                raise RuntimeError(self._tell_end(f"ended {ENDS} times within a minute, last with code {code}"))
            self._changed(self, code)
            await asyncio.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (recent - 1)))

    async def _until_ready(self, process: Process) -> None:
        deadline, pause = time.monotonic() + READY_S, 0.005
        while process.returncode is None:
            # Refused, cut, half an answer: not yet.
            with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError, EOFError):
                if self._ready is None or await self._ready(process.pid):
                    self.is_ready.set()
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(self._tell_end(f"was not ready within {READY_S:.0f} s"))
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def _tell_end(self, what: str) -> str:
        return f"{self.name} {what}. The end of its log:\n{self._installation.log_tail(self.name)}"

    async def end(self, hurry: asyncio.Event) -> None:
        """Stop the child by its own signal, and by force when its time is over or soon after `hurry` is set. Call after
        `keep` was cancelled."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.recipe.stop)
        ended, hurried = asyncio.create_task(process.wait()), asyncio.create_task(hurry.wait())
        await asyncio.wait({ended, hurried}, timeout=self.recipe.grace_s, return_when=asyncio.FIRST_COMPLETED)
        if hurried.done():
            await asyncio.wait({ended}, timeout=HURRIED_S)
        hurried.cancel()
        kill_group(process.pid)
        await ended
