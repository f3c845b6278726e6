"""A TCP proxy in front of PostgreSQL that can lose an answer: the server has committed and the client never hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536
READY = b"Z\x00\x00\x00\x05I"  # the server's last message of an answer: idle again, whatever it did is committed


class LosingProxy:
    """Forwards bytes. After `lose_next()` the answer to the next request that comes is swallowed, and that connection
    is cut; `lost` says that it happened."""

    def __init__(self, database_url: str) -> None:
        self._server = urlsplit(database_url)
        self._armed = self.lost = False
        self.url = ""

    def lose_next(self) -> None:
        """Lose one answer."""
        self._armed = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LosingProxy]:
        """Listen on a free port, for as long as the block runs."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            login = self._server.netloc.rpartition("@")[0]
            self.url = urlunsplit(self._server._replace(netloc=f"{login}@127.0.0.1:{port}"))
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection(self._server.hostname, self._server.port)
        losing = asyncio.Event()
        ways = (
            asyncio.create_task(self._requests(reader, upstream[1], losing)),
            asyncio.create_task(self._answers(upstream[0], writer, losing)),
        )
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, upstream[1]):
            end.close()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while data := await source.read(CHUNK):
            if self._armed:
                self._armed = False
                losing.set()
            sink.write(data)

    async def _answers(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while data := await source.read(CHUNK):
            if not losing.is_set():
                sink.write(data)
            elif data.endswith(READY):
                self.lost = True
                return
