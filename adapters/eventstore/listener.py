"""One connection a process that hears what others commit: news in a lane, a key that was shredded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

RETRY_S = 1.0
log = structlog.get_logger()


class Listener:
    """LISTENs on channels, reconnecting for ever; a listener that is away is no error, for everybody polls as well."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
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
            except (psycopg.Error, OSError) as error:
                log.warning("listener_lost", error=type(error).__name__)
            self.listening.clear()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        connecting = psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="colloquy-listener"
        )
        async with await connecting as connection:
            for channel in self._heard:
                await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
            self.listening.set()
            for heard in self._heard.values():
                heard("")  # whatever was missed while nobody listened is looked for now
            async for notice in connection.notifies():
                self._heard[notice.channel](notice.payload)
