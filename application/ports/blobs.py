"""Bytes by key, kept outside the database."""

from __future__ import annotations

from typing import Protocol


class Blobs(Protocol):
    """An object store. Keys begin with the tenant."""

    async def put(self, key: str, body: bytes) -> None:
        """Keep `body` under `key`, replacing what was there."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when there are none."""
        ...

    async def delete(self, key: str) -> None:
        """Remove them; nothing happens when there are none."""
        ...
