"""The register of files keeps its promises, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.files import PostgresFiles
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.ports.files.file_register import FileRegister, FileRow
from tests.databases import logins_of
from tests.fakes.in_memory_files import InMemoryFiles
from tests.fakes.in_memory_sealer import InMemorySealer

AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)])
async def files(request: pytest.FixtureRequest) -> AsyncIterator[FileRegister]:
    if request.param == "memory":
        yield InMemoryFiles()
        return
    async with open_pool(logins_of(request.getfixturevalue("database")).app) as pool:
        yield PostgresFiles(pool, InMemorySealer())


def row(owner: str = "ada", **more: object) -> FileRow:
    fields = {"name": "Ä “b”.txt", "media_type": "text/plain", "size": 3_000_000_000, "status": "spooled"} | more
    return FileRow(file_id=new_id(), owner=owner, created_at=AT, **fields)  # type: ignore[arg-type]


async def test_files_are_noted_found_and_forgotten(files: FileRegister) -> None:
    mine, theirs = new_id(), new_id()
    first, second, other = row(), row(keep_until=AT), row("bob")
    for one in (first, second, other, first):
        await files.add(mine, one)
    assert await files.fetch(mine, [other.file_id, new_id(), first.file_id]) == [other, first]
    assert await files.fetch(mine, []) == []
    assert await files.fetch(theirs, [first.file_id]) == []
    assert await files.page(mine, "ada", after=None, limit=5) == [second, first]
    assert await files.page(mine, "ada", after=second.file_id, limit=5) == [first]
    assert await files.page(mine, "ada", after=None, limit=1) == [second]
    assert await files.page(theirs, "ada", after=None, limit=5) == []
    assert await files.mark_stored(mine, first.file_id)
    assert [found.status for found in await files.fetch(mine, [first.file_id])] == ["stored"]
    assert await files.ended(mine, AT, 5) == [second.file_id] and await files.ended(theirs, AT, 5) == []
    assert await files.ended(mine, AT - timedelta(seconds=1), 5) == []
    await files.remove(theirs, first.file_id)
    assert len(await files.fetch(mine, [first.file_id])) == 1
    await files.remove(mine, first.file_id)
    await files.remove(mine, first.file_id)
    assert await files.fetch(mine, [first.file_id]) == []
    assert not await files.mark_stored(mine, first.file_id)
