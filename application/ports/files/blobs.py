"""Bytes by key, kept outside the database."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class Blobs(Protocol):
    """An object store. Keys begin with the tenant. Files are read and written piece by piece, on a thread: what is kept
    may be larger than the memory there is."""

    async def put(self, key: str, body: BinaryIO) -> None:
        """Keep all of `body`, which can be wound back, under `key`, replacing what was there."""
        ...

    async def get(self, key: str, into: BinaryIO) -> bool:
        """Write the bytes to `into`, which then stands at its beginning; False when there are none."""
        ...

    async def delete(self, key: str) -> None:
        """Remove them; nothing happens when there are none."""
        ...
