"""Looking for what must not be kept in a file: a place for a virus scanner."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class FileScanner(Protocol):
    """Looks at each file before anything of it is kept. An installation has none by default: files are kept as they
    come, open in no process but a confined one, and are given out as attachments alone."""

    async def scan(self, name: str, media_type: str, body: BinaryIO) -> None:
        """Return when the file may be kept; `domain.refusals.FileRefused` when it may not, `DependencyUnavailable`
        when that cannot be told now. `body` stands anywhere and can be wound back."""
        ...
