"""Files without a name, for what is too large for memory and must leave no trace."""

from __future__ import annotations

from typing import BinaryIO, Protocol

import msgspec


class Scratch(Protocol):
    """Room on disk for a while."""

    def open(self) -> BinaryIO:
        """A new file that only this process can reach, and that is gone when it is closed or the process ends."""
        ...


class ReceivedFile(msgspec.Struct, frozen=True):
    """A file that somebody brought: the name that the client gave it, its bytes (`body` stands anywhere and can be
    wound back), how many they are, and their SHA-256."""

    name: str
    body: BinaryIO
    size: int
    sha256: bytes
