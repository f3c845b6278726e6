"""What is done with files where nobody wants more: none is scanned, and all are kept."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO


class NoScanner:
    """`FileScanner` that finds nothing."""

    async def scan(self, name: str, media_type: str, body: BinaryIO) -> None:
        """See the port."""


class KeptForEver:
    """`FileRetention` that ends nothing."""

    async def keep_until(self, tenant: str, media_type: str, size: int, at: datetime) -> datetime | None:
        """See the port."""
        return None
