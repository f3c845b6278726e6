"""Sealed bytes on a disk of ours for as long as the object store is away."""

from __future__ import annotations

from typing import BinaryIO, Literal, Protocol

import msgspec


class Owed(msgspec.Struct, frozen=True):
    """What the object store is owed: the bytes of a key, or their removal."""

    key: str
    what: Literal["bytes", "removal"]


class Spool(Protocol):
    """Entries by key (which begins with the tenant); bounded over all tenants, and one tenant has half. What is kept
    outlives the process. Processes that share the folder share what is in it."""

    async def keep(self, key: str, body: BinaryIO) -> None:
        """Keep all of `body`, which can be wound back, so that a crash does not lose it. `DependencyUnavailable` when
        there is no room."""
        ...

    async def get(self, key: str, into: BinaryIO) -> bool:
        """Write the bytes to `into`, which then stands at its beginning; False when there are none."""
        ...

    async def owe_removal(self, key: str) -> None:
        """Its bytes are not kept any more, and the object store is to remove its own."""
        ...

    async def settle(self, owed: Owed) -> None:
        """The object store has had it; nothing happens when it was settled by somebody else."""
        ...

    async def owed(self) -> list[Owed]:
        """All there is, the oldest first."""
        ...
