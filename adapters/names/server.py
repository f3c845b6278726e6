"""The recogniser's process: loaded once a machine, asked through a socket, gone when nobody has asked for a while.

python -m adapters.names.server SOCKET
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import TextIO

import msgspec

from adapters.names.classifier import Classifier, find_weights
from adapters.names.wire import READY, is_ours, receive, send

IDLE_S = 30.0
"""How long it stays without a client."""
_decode = msgspec.msgpack.Decoder(list[str]).decode


class Server:
    """One batch at a time; clients wait their turn."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._turn = asyncio.Lock()
        self._clients = 0
        self._changed = asyncio.Event()

    async def serve(self, socket: Path) -> None:
        """Until nobody has been connected for `IDLE_S`."""
        server = await asyncio.start_unix_server(self._client, socket)
        async with server:
            sys.stdout.buffer.write(READY)
            sys.stdout.buffer.flush()
            while True:
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), IDLE_S)
                except TimeoutError:
                    if not self._clients:
                        return

    async def _client(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._clients += 1
        try:
            while True:
                texts = _decode(await receive(reader))
                async with self._turn:
                    found = await asyncio.to_thread(self._classifier.find, texts)
                await send(writer, found)
        except (ConnectionError, EOFError, msgspec.MsgspecError):
            pass  # gone, or none of ours
        finally:
            self._clients -= 1
            self._changed.set()
            writer.close()


def lock(socket: Path) -> TextIO | None:
    """The lock of whoever serves the socket, held as long as the file is open; None when another holds it."""
    file = (socket.parent / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def main(socket: Path) -> int:
    """Serve, unless another process of this machine does."""
    weights = find_weights()
    if weights is None or not is_ours(socket.parent):
        return 2
    held = lock(socket)
    if held is None:
        return 3
    with held:
        socket.unlink(missing_ok=True)
        asyncio.run(Server(Classifier(weights)).serve(socket))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
