"""Free loopback ports, the same ones again on the next start where they are still free."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

NAMES = ("postgres", "nats", "nats_monitor", "valkey", "aws", "bedrock")


class Ports:
    """Each port is held bound until the moment its server starts, so that nobody else takes it meanwhile."""

    def __init__(self, remembered: Path, more: Sequence[str] = ()) -> None:
        try:
            before = json.loads(remembered.read_text())
        except (OSError, ValueError):
            before = {}
        self._sockets = {name: _bind(before.get(name, 0), 0) for name in (*NAMES, *more)}
        remembered.write_text(json.dumps({name: self[name] for name in self._sockets}))

    def __getitem__(self, name: str) -> int:
        return int(self._sockets[name].getsockname()[1])

    def release(self, *names: str) -> None:
        """Let go of ports that their servers bind themselves."""
        for name in names:
            self._sockets[name].close()

    def listen(self, name: str) -> int:
        """The file descriptor of a listening socket that a server inherits: no race at all."""
        self._sockets[name].listen(1_024)
        return self._sockets[name].fileno()


@contextmanager
def held(*wanted: int, host: str = "127.0.0.1") -> Iterator[int]:
    """The first of these ports that is free (0 is any; OSError when none is). Nobody else is given it while this is
    open, but a server of ours may listen on it, also one that is started again: Linux lets sockets that say
    SO_REUSEADDR have one port as long as only one listens. Elsewhere the port is merely free now."""
    with _bind(*wanted or (0,), host=host) as holder:
        number = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield number


def _bind(*wanted: int, host: str = "127.0.0.1") -> socket.socket:
    *others, last = wanted
    for port in others:
        with suppress(OSError):
            return _bound(host, port)
    return _bound(host, last)


def _bound(host: str, port: int) -> socket.socket:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((host, port))
    except OSError:
        holder.close()
        raise
    return holder
