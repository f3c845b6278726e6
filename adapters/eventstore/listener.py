"""One connection a process that hears what others commit: news in a lane, a key that was shredded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from adapters.eventstore.datastore import arguments

RETRY_S = 1.0
QUIET_S = 15.0
log = structlog.get_logger()


class Listener:
    """LISTENs on channels and connects anew for ever. Whoever listens hears an empty payload each time a connection
    begins, for what was said before is lost: it means that anything may have happened."""

    def __init__(self, database_url: str) -> None:
        self._arguments = arguments(database_url, "colloquy-listener")
        self._heard: dict[str, Callable[[str], None]] = {}
        self._task: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()

    def on(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard` with the payload of each notification on `channel`. Before `start`."""
        self._heard[channel] = heard

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Hang up."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("listener_lost", error=type(error).__name__)
            self.listening.clear()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True) as connection:
            for channel in self._heard:
                await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
            for heard in self._heard.values():
                heard("")
            self.listening.set()
            while True:
                async for notice in connection.notifies(timeout=QUIET_S):
                    self._heard[notice.channel](notice.payload)
                # A connection that died without a word would be silent for ever: ask it now and then.
                async with asyncio.timeout(QUIET_S):
                    await connection.execute("SELECT 1")
