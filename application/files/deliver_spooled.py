"""Brings the object store, when it is back, what waited for it on our disk."""

from __future__ import annotations

from dataclasses import dataclass

from application.files.delete_file import FILES
from application.files.kept_bytes import KeptBytes
from application.ports.files.file_register import FileRegister
from application.ports.files.scratch import Scratch


@dataclass(frozen=True, slots=True)
class DeliverSpooled:
    """One round of it; to be done again and again by each process that keeps files."""

    kept: KeptBytes
    register: FileRegister
    scratch: Scratch

    async def __call__(self) -> None:
        """All that is owed, or as much as the store takes before it is away again."""
        await self.kept.deliver(self.scratch.open, self._stored)

    async def _stored(self, key: str) -> bool:
        """A file that was deleted meanwhile is not wanted any more; evidence always is."""
        tenant, kind, id = key.split("/")
        return kind != FILES or await self.register.mark_stored(tenant, id)
