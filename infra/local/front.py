"""A front for several API servers on one machine: each connection goes to the next one that takes it.

`python -m infra.local.front HOST:PORT SERVER:PORT...`. It knows nothing of HTTP: bytes go through as they come, so a
chat socket stays where it was opened, and whoever comes back may be anywhere.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence

CONNECT_S = 2.0
PIECE = 64 * 1024
BACKLOG = 4_096


class Front:
    """Takes turns over `servers`; one that refuses is passed over."""

    def __init__(self, servers: Sequence[tuple[str, int]]) -> None:
        self._servers, self._next = servers, 0
        self._connections: set[asyncio.Task[None]] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        task = asyncio.current_task()
        assert task is not None, "a server runs this in a task"
        self._connections.add(task)
        try:
            ours = await self._connect()
            if ours is not None:
                await asyncio.gather(_pump(reader, ours[1]), _pump(ours[0], writer))
        finally:
            self._connections.discard(task)
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._servers:
            host, port = self._servers[self._next % len(self._servers)]
            self._next += 1
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(host, port)
            except (OSError, TimeoutError):
                continue
        return None

    def end(self) -> None:
        """Hang up."""
        for task in self._connections:
            task.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything that comes, one way; the end of it too. Whoever does not read holds up whoever writes."""
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


def address(text: str) -> tuple[str, int]:
    """`host:port`."""
    host, _, port = text.rpartition(":")
    return host, int(port)


async def serve(listen: tuple[str, int], servers: Sequence[tuple[str, int]]) -> None:
    """Until SIGTERM or SIGINT."""
    front, stop = Front(servers), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with await asyncio.start_server(front.take, *listen, backlog=BACKLOG):
        await stop.wait()
        front.end()


if __name__ == "__main__":
    asyncio.run(serve(address(sys.argv[1]), [address(server) for server in sys.argv[2:]]))
