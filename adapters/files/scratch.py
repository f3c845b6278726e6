"""`Scratch` on this machine's disk: files that never have a name (Linux, O_TMPFILE) or lose it at once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO, cast


class UnnamedFiles:
    """See `application.ports.files.scratch.Scratch`. `folder` is made when it is needed, for this user alone: it should
    be on a disk, for what lies in a file system in memory is memory after all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> BinaryIO:
        """See the port."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder, prefix="colloquy-"))
