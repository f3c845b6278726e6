"""One connection a process that hears what others commit: news in a lane, a key that was shredded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from adapters.eventstore.datastore import arguments
from application.tasks import Loops, Up
from domain.refusals import DependencyUnavailable

RETRY_S = 1.0
QUIET_S = 15.0
log = structlog.get_logger()


class Listener:
    """LISTENs on channels and connects anew for ever. Whoever listens hears an empty payload each time a connection
    begins, for what was said before is lost: it means that anything may have happened."""

    def __init__(self, database_url: str) -> None:
        self._arguments = arguments(database_url, "colloquy-listener")
        self._heard: dict[str, list[Callable[[str], None]]] = {}
        self.loops = Loops(backoff_s=(RETRY_S,))
        self.listening = asyncio.Event()

    def on(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard` with the payload of each notification on `channel`. A channel is new before `start` alone."""
        self._heard.setdefault(channel, []).append(heard)

    def start(self) -> None:
        """Begin to listen."""
        self.loops.keep("listener", self._run)

    async def stop(self) -> None:
        """Hang up."""
        await self.loops.end()

    async def _run(self, up: Up) -> None:
        try:
            await self._listen(up)
        except psycopg.Error as error:
            raise DependencyUnavailable("The connection that hears what others commit is lost.") from error
        finally:
            self.listening.clear()

    async def _listen(self, up: Up) -> None:
        async with await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True) as connection:
            for channel in self._heard:
                await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
            for channel in self._heard:
                self._tell(channel, "")
            self.listening.set()
            up()
            while True:
                async for notice in connection.notifies(timeout=QUIET_S):
                    self._tell(notice.channel, notice.payload)
                # A connection that died without a word would be silent for ever: ask it now and then.
                async with asyncio.timeout(QUIET_S):
                    await connection.execute("SELECT 1")

    def _tell(self, channel: str, payload: str) -> None:
        for heard in self._heard[channel]:
            try:
                heard(payload)
            except Exception:  # the others must hear of it all the same
                log.exception("news_not_taken", channel=channel)
