"""Sealed bytes in the object store, or on our own disk for as long as that is away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO

import structlog

from application.acting_tenant import acting_for
from application.clock import Seconds, monotonic
from application.ports.files.blobs import Blobs
from application.ports.files.file_register import FileStatus
from application.ports.files.spool import Owed, Spool
from domain.refusals import DependencyUnavailable

AWAY_S = 30.0
"""After a failure nobody waits for the object store for so long, unless it takes what it is owed before that."""
PUT_S, BYTES_A_SECOND = 5.0, 1024 * 1024
"""How long keeping a file may take, and how much longer a large one."""
log = structlog.get_logger()
Stored = Callable[[str], Awaitable[bool]]


@dataclass
class KeptBytes:
    """What is put is there whatever happens: in the store, or in the spool until `deliver` has brought it there."""

    blobs: Blobs
    spool: Spool
    clock: Seconds = monotonic
    _away_until: float = float("-inf")

    async def put(self, key: str, body: BinaryIO) -> FileStatus:
        """Keep `body` (sealed; it can be wound back) under a key that is new. `DependencyUnavailable` when the store is
        away and the spool has no room."""
        if self.clock() >= self._away_until:
            try:
                async with asyncio.timeout(PUT_S + body.seek(0, os.SEEK_END) / BYTES_A_SECOND):
                    await self.blobs.put(key, body)
            except (DependencyUnavailable, TimeoutError):
                self._note_away()
            else:
                return "stored"
        await self.spool.keep(key, body)
        return "spooled"

    async def get(self, key: str, into: BinaryIO) -> bool:
        """The bytes, into `into`; False when neither has them. `DependencyUnavailable` when the store is away."""
        return await self.spool.get(key, into) or await self.blobs.get(key, into)

    async def delete(self, key: str) -> None:
        """Remove them; while the store is away it is owed that."""
        await self.spool.settle(Owed(key, "bytes"))
        if self.clock() >= self._away_until:
            try:
                async with asyncio.timeout(PUT_S):
                    await self.blobs.delete(key)
            except (DependencyUnavailable, TimeoutError):
                self._note_away()
            else:
                return
        await self.spool.owe_removal(key)

    async def deliver(self, scratch: Callable[[], BinaryIO], stored: Stored) -> int:
        """Bring the store what it is owed, until it is away again; how much that was. `stored` notes that it has the
        bytes of a key, and says whether they are wanted still."""
        settled = 0
        for owed in await self.spool.owed():
            with acting_for(owed.key.partition("/")[0]):
                try:
                    await self._settle(owed, scratch, stored)
                except DependencyUnavailable:
                    self._note_away()
                    return settled
            settled += 1
            self._away_until = float("-inf")
        return settled

    async def _settle(self, owed: Owed, scratch: Callable[[], BinaryIO], stored: Stored) -> None:
        if owed.what == "removal":
            await self.blobs.delete(owed.key)
        else:
            with scratch() as body:
                if not await self.spool.get(owed.key, body):
                    return
                await self.blobs.put(owed.key, body)
            if not await stored(owed.key):
                await self.blobs.delete(owed.key)
        await self.spool.settle(owed)

    def _note_away(self) -> None:
        self._away_until = self.clock() + AWAY_S
        log.warning("object_store_away")
