"""How long members' files are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class FileRetention(Protocol):
    """Asked once for each file, when it is brought. By default files are kept until their owner, or the erasure of a
    session that they were attached to, takes them away."""

    async def keep_until(self, tenant: str, media_type: str, size: int, at: datetime) -> datetime | None:
        """The moment after which a file that came `at` is deleted; None: never by itself."""
        ...
