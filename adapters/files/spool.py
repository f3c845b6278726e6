"""`Spool` in a folder of this machine's disk: a file an entry, there whole or not at all, and bounded."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from application.acting_tenant import acting_tenant
from application.ports.files.spool import Owed
from domain.refusals import DependencyUnavailable

PIECE = 256 * 1024
MOST_ENTRIES = 10_000
UNFINISHED_S = 3_600.0
"""After that long a file that is still being written was left behind by a process that is gone."""
BYTES, REMOVAL, PART = ".bytes", ".removal", ".part"


class FolderSpool:
    """See `application.ports.files.spool.Spool`. `folder` is made when it is needed, for this user alone; `max_bytes`
    is for all tenants together."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._one_at_a_time = asyncio.Lock()

    async def keep(self, key: str, body: BinaryIO) -> None:
        """See the port."""
        async with self._one_at_a_time:  # each is counted before the next is
            await asyncio.to_thread(self._keep, self._path(key, BYTES), body)

    async def get(self, key: str, into: BinaryIO) -> bool:
        """See the port."""
        return await asyncio.to_thread(_get, self._path(key, BYTES), into)

    async def owe_removal(self, key: str) -> None:
        """See the port."""
        await asyncio.to_thread(self._owe_removal, key)

    async def settle(self, owed: Owed) -> None:
        """See the port."""
        path = self._path(owed.key, BYTES if owed.what == "bytes" else REMOVAL)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def owed(self) -> list[Owed]:
        """See the port."""
        return await asyncio.to_thread(self._owed)

    def _path(self, key: str, kind: str) -> Path:
        acting_tenant(key.partition("/")[0])
        return self._folder / (key.replace("/", ",") + kind)

    def _keep(self, path: Path, body: BinaryIO) -> None:
        self._make_room(path.name.partition(",")[0], body.seek(0, os.SEEK_END))
        body.seek(0)
        part = self._folder / (secrets.token_hex(8) + PART)
        try:
            with part.open("xb") as file:
                shutil.copyfileobj(body, file, PIECE)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _no_room("The disk does not take the file") from error
        self._sync_folder()

    def _make_room(self, tenant: str, size: int) -> None:
        entries = [(entry.name.partition(",")[0], found) for entry, found in self._entries()]
        own = sum(found.st_size for name, found in entries if name == tenant)
        taken = sum(found.st_size for _, found in entries)
        if taken + size > self._max_bytes or own + size > self._max_bytes // 2 or len(entries) >= MOST_ENTRIES:
            raise _no_room("The object store is away, and there is no more room to wait for it")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _owe_removal(self, key: str) -> None:
        self._make_room(key.partition("/")[0], 0)
        self._path(key, BYTES).unlink(missing_ok=True)
        self._path(key, REMOVAL).touch(mode=0o600)
        self._sync_folder()

    def _owed(self) -> list[Owed]:
        found: list[tuple[float, Owed]] = []
        for entry, about in self._entries():
            name, at = entry.name, about.st_mtime
            if name.endswith(BYTES):
                found.append((at, Owed(name.removesuffix(BYTES).replace(",", "/"), "bytes")))
            elif name.endswith(REMOVAL):
                found.append((at, Owed(name.removesuffix(REMOVAL).replace(",", "/"), "removal")))
            elif name.endswith(PART) and time.time() - at > UNFINISHED_S:
                Path(entry.path).unlink(missing_ok=True)
        return [owed for _, owed in sorted(found, key=lambda one: (one[0], one[1].key))]

    def _entries(self) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        """What lies there; what another process settles meanwhile is left out."""
        if not self._folder.is_dir():
            return
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    yield entry, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue

    def _sync_folder(self) -> None:
        """So that names outlive a crash of the machine too."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _get(path: Path, into: BinaryIO) -> bool:
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, into, PIECE)
    except FileNotFoundError:
        return False
    into.seek(0)
    return True


def _no_room(why: str) -> DependencyUnavailable:
    return DependencyUnavailable(f"{why}; try again.", retry_after_s=10)
