"""Free loopback ports, the same ones again on the next start where they are still free."""

from __future__ import annotations

import json
import socket
from pathlib import Path

NAMES = ("postgres", "nats", "nats_monitor", "valkey", "aws", "bedrock")


class Ports:
    """Each port is held bound until the moment its server starts, so that nobody else takes it meanwhile."""

    def __init__(self, remembered: Path) -> None:
        try:
            before = json.loads(remembered.read_text())
        except (OSError, ValueError):
            before = {}
        self._sockets = {name: _bind(before.get(name, 0)) for name in NAMES}
        remembered.write_text(json.dumps({name: self[name] for name in NAMES}))

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


def _bind(wanted: int) -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", wanted))
    except OSError:
        held.bind(("127.0.0.1", 0))
    return held
