"""Which files the members of a tenant have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

FileStatus = Literal["stored", "spooled"]
"""Where the sealed bytes are: in the object store, or on a disk of ours until that is back."""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """A file as its owner sees it; `owner` is a pseudonym. After `keep_until` it may be taken away by retention."""

    file_id: str
    owner: str
    name: str
    media_type: str
    size: int
    status: FileStatus
    created_at: datetime
    keep_until: datetime | None = None


class FileRegister(Protocol):
    """Rows by tenant and id. Names are kept sealed with the file's own key."""

    async def add(self, tenant: str, row: FileRow) -> None:
        """Note a file; nothing happens when it is noted."""
        ...

    async def fetch(self, tenant: str, file_ids: Sequence[str]) -> list[FileRow]:
        """Those of them that the tenant has, whoever owns them, in the order they are asked for."""
        ...

    async def page(self, tenant: str, owner: str, *, after: str | None, limit: int) -> list[FileRow]:
        """A member's files, newest first, after the id `after`."""
        ...

    async def ended(self, tenant: str, at: datetime, limit: int) -> list[str]:
        """Ids of the tenant's files whose `keep_until` is over."""
        ...

    async def mark_stored(self, tenant: str, file_id: str) -> bool:
        """Note that the object store has it now; False when there is no such file any more."""
        ...

    async def remove(self, tenant: str, file_id: str) -> None:
        """Forget it; nothing happens when it is not there."""
        ...
