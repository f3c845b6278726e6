"""The AWS emulator's acknowledged writes since its last snapshot, in numbered files that can be applied again."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

Headers = list[tuple[bytes, bytes]]
HEAD = struct.Struct(">II")
KEPT_HEADERS = {b"x-amz-target", b"authorization", b"content-type", b"host", b"x-amz-date"}


class OperationLog:
    """Files `ops.N` in one folder. A snapshot knows the number that writing went on with; older files are obsolete."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # Files that snapshots do not hold yet, and what they weigh together.
        self._number = max((number for number, _ in self._files()), default=0) + 1
        self._size = sum(path.stat().st_size for _, path in self._files())
        self._file = self._path(self._number).open("ab", buffering=0)

    @property
    def size(self) -> int:
        """Bytes to apply again at the next start."""
        return self._size

    def add(self, headers: Headers, body: bytes) -> None:
        """Append one write whole; OSError when there is no room, and then nothing of it stays."""
        kept = json.dumps([[k.decode(), v.decode("latin1")] for k, v in headers if k in KEPT_HEADERS]).encode()
        record, at = HEAD.pack(len(kept), len(body)) + kept + body, self._file.tell()
        if self._file.write(record) != len(record):
            self._file.truncate(at)
            raise OSError(f"no room for {len(record)} bytes in {self._file.name}")
        self._size += len(record)

    def go_on(self) -> int:
        """Write to a new file from now on; its number belongs into the snapshot that is being taken."""
        self._file.close()
        self._number += 1
        self._file = self._path(self._number).open("ab", buffering=0)
        self._size = 0
        return self._number

    def forget_before(self, number: int) -> None:
        """Remove what a snapshot on disk holds."""
        for found, path in self._files():
            if found < number:
                path.unlink()

    def since(self, number: int) -> Iterator[tuple[Headers, bytes]]:
        """The writes from this file on, oldest first. A torn one was never acknowledged and ends its file."""
        for found, path in self._files():
            if found >= number:
                yield from _records(path.read_bytes())

    def _files(self) -> list[tuple[int, Path]]:
        return sorted((int(path.suffix[1:]), path) for path in self._folder.glob("ops.*"))

    def _path(self, number: int) -> Path:
        return self._folder / f"ops.{number}"


def _records(data: bytes) -> Iterator[tuple[Headers, bytes]]:
    at = 0
    while at + HEAD.size <= len(data):
        head, size = HEAD.unpack_from(data, at)
        start, end = at + HEAD.size, at + HEAD.size + head + size
        if end > len(data):
            return
        pairs = json.loads(data[start : start + head])
        yield [(name.encode(), value.encode("latin1")) for name, value in pairs], data[end - size : end]
        at = end
