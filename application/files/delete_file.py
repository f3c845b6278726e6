"""A file is taken away: the fact, then the key, then the sealed bytes and the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from application.execute import FILE, Context, execute
from application.files.kept_bytes import KeptBytes
from application.ports.facts.event_store import ErasableStore
from application.ports.files.file_register import FileRegister
from domain.access import Principal
from domain.event import StreamId
from domain.file.rules import delete_file
from domain.refusals import FileNotFound

FILES = "files"


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Deletes files, whoever asks; done again it finishes what was cut off."""

    store: ErasableStore
    kept: KeptBytes
    register: FileRegister

    async def __call__(self, tenant: str, file_id: str, reason: str, by: str) -> None:
        """Delete a file that is there, or was."""
        stream = StreamId(tenant, "file", file_id)
        await execute(self.store, str(stream), FILE, lambda file: delete_file(file, reason), Context(by))
        await self.store.shred(str(stream))
        await self.kept.delete(key_of(stream))
        await self.register.remove(tenant, file_id)

    async def of_owner(self, principal: Principal, file_id: str) -> None:
        """One of the caller's own; `FileNotFound`."""
        rows = await self.register.fetch(principal.tenant, [file_id])
        if not rows:
            raise FileNotFound
        if not principal.owns(rows[0].owner):
            raise FileNotFound().theirs()
        await self(principal.tenant, file_id, "asked", principal.user)

    async def all(self, tenant: str, owner: str, file_ids: Sequence[str], reason: str) -> None:
        """Those of them that are the owner's, because something they belonged to is erased."""
        for row in await self.register.fetch(tenant, file_ids):
            if row.owner == owner:
                await self(tenant, row.file_id, reason, owner)


def key_of(stream: StreamId) -> str:
    """Where a file's sealed bytes are kept."""
    return f"{stream.tenant}/{FILES}/{stream.id}"
