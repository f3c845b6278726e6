"""A file as it was brought, opened from its sealed bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from application.files.add_file import SEALED_AS
from application.files.delete_file import key_of
from application.files.kept_bytes import KeptBytes
from application.ports.facts.keys import Sealer
from application.ports.files.file_register import FileRegister, FileRow
from application.ports.files.scratch import Scratch
from domain.event import StreamId
from domain.refusals import DependencyUnavailable, FileNotFound


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Opens what is kept."""

    register: FileRegister
    kept: KeptBytes
    sealer: Sealer
    scratch: Scratch

    async def find(self, tenant: str, user: str, file_id: str) -> FileRow:
        """The row of a file of that user's; `FileNotFound` when there is none, or it is somebody else's."""
        rows = await self.register.fetch(tenant, [file_id])
        if not rows:
            raise FileNotFound
        if rows[0].owner != user:
            raise FileNotFound().theirs()
        return rows[0]

    @asynccontextmanager
    async def plain(self, tenant: str, row: FileRow) -> AsyncIterator[BinaryIO]:
        """Its bytes in a file without a name, whole and checked, gone afterwards. `DependencyUnavailable` while they
        are out of reach: the object store is away, or another machine keeps them until it is back."""
        stream = StreamId(tenant, "file", row.file_id)
        with self.scratch.open() as plain:
            with self.scratch.open() as sealed:
                if not await self.kept.get(key_of(stream), sealed):
                    if row.status == "spooled":
                        raise DependencyUnavailable("The file is still on its way to the store.", retry_after_s=5)
                    raise FileNotFound
                if not await self.sealer.unseal_file(str(stream), sealed, plain, SEALED_AS):
                    raise FileNotFound
            yield plain
