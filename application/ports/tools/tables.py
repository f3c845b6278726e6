"""Files with a table in them, read somewhere a hostile file can do no harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import BinaryIO, Protocol

import msgspec

from domain.tenant.events import Column

Row = list[str | None]


class Table(msgspec.Struct, frozen=True):
    """Columns with names that SQL can say, each once, and rows in batches. A value is text as its column's type has it:
    `12`, `1.5`, `true`, `2026-03-04`, `2026-03-04T05:06:07` (UTC); None when there is none. No text holds a NUL.
    Reading on may find that the file is damaged: `DocumentRefused`."""

    columns: tuple[Column, ...]
    batches: AsyncIterator[list[Row]]


class TableReader(Protocol):
    """Reads CSV and Parquet."""

    def open(self, name: str, body: BinaryIO) -> AbstractAsyncContextManager[Table]:
        """The table in a file of this machine. `UnsupportedMediaType` when it is of neither kind; `DocumentRefused`
        with `empty_file`, `type_mismatch`, or `unreadable`, which names the line; `Overloaded` when too many files are
        being read."""
        ...
