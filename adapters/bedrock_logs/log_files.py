"""`InvocationLogs` in a folder: what the local stand-in for Bedrock writes, or a copy of the bucket that AWS fills."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

from adapters.bedrock_logs.invocation_records import read_record
from application.ports.models.invocation_logs import LoggedCall, UnreadableLine
from domain.refusals import DependencyUnavailable

ENDINGS = (".jsonl", ".json", ".jsonl.gz", ".json.gz")
BODIES = "data"
"""AWS puts bodies that are too large for a line into folders of this name."""
DAY = re.compile(r"(\d{4})[-/](\d{2})[-/](\d{2})(?:/(\d{2}))?")
LATE = timedelta(days=1)
LINES_AT_ONCE = 500


class FolderInvocationLogs:
    """Files of JSON lines, plain or in gzip, below `folder`. Where a path names a day (`2026-11-25.jsonl`, or
    `.../2026/11/25/07/...`), files of other days are left closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, since: datetime, until: datetime) -> AsyncGenerator[LoggedCall | UnreadableLine, None]:
        """See `application/ports/models/invocation_logs.py`."""
        for path in await asyncio.to_thread(self._files, since, until):
            lines = _lines_of(path)
            # A file's lines are read in another thread, some at a time: they may be many, and a disk may be slow.
            while some := await asyncio.to_thread(lambda: list(islice(lines, LINES_AT_ONCE))):  # noqa: B023  # it is awaited here
                for line in some:
                    if isinstance(line, UnreadableLine) or since <= line.at < until:
                        yield line

    def _files(self, since: datetime, until: datetime) -> list[Path]:
        """In the order of the days that their paths name."""
        if not self._folder.is_dir():
            raise DependencyUnavailable(f"There is no folder {self._folder} with invocation logs.")
        found: list[tuple[str, Path]] = []
        for path in self._folder.rglob("*"):
            where = path.relative_to(self._folder)
            if BODIES in where.parts[:-1] or not path.name.endswith(ENDINGS):
                continue
            named = DAY.search(where.as_posix())
            if named is None or _may_hold(date(*map(int, named.groups()[:3])), since, until):
                found.append(("-".join(part or "" for part in named.groups()) if named else "", path))
        return [path for _, path in sorted(found)]


def _may_hold(day: date, since: datetime, until: datetime) -> bool:
    """A line may be delivered some time after its call."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return begins < until + LATE and begins + LATE > since


def _lines_of(path: Path) -> Iterator[LoggedCall | UnreadableLine]:
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            for line in file:
                if not line.isspace():
                    yield read_record(line, str(path))
    except (OSError, EOFError, zlib.error) as error:
        yield UnreadableLine(str(path), str(error))
