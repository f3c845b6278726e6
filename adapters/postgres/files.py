"""`FileRegister` in PostgreSQL: a row a file, its name sealed with the file's own key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.database_transactions import Pool, tenant_transaction
from application.ports.facts.keys import Sealer
from application.ports.files.file_register import FileRow
from application.unsealing import unseal_if_whole
from domain.event import StreamId

NAME = "name"
ROW = "file_id, owner, name, media_type, size, status, created_at, keep_until"
FETCH = f"SELECT {ROW} FROM files WHERE tenant = %s AND file_id = ANY (%s::uuid[])"
PAGE = f"""
SELECT {ROW} FROM files
WHERE tenant = %s AND owner = %s AND file_id < coalesce(%s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY file_id DESC LIMIT %s
"""
ADD = f"INSERT INTO files (tenant, {ROW}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
STORED = "UPDATE files SET status = 'stored' WHERE tenant = %s AND file_id = %s RETURNING true"
ENDED = "SELECT file_id FROM files WHERE tenant = %s AND keep_until <= %s ORDER BY keep_until LIMIT %s"


class PostgresFiles:
    """See `application.ports.files.file_register.FileRegister`."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool, self._sealer = pool, sealer

    async def add(self, tenant: str, row: FileRow) -> None:
        """See the port."""
        name = await self._sealer.seal(_stream(tenant, row.file_id), row.name.encode(), NAME)
        values = (row.file_id, row.owner, name, row.media_type, row.size, row.status, row.created_at, row.keep_until)
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(ADD, (tenant, *values))

    async def fetch(self, tenant: str, file_ids: Sequence[str]) -> list[FileRow]:
        """See the port."""
        rows = await self._rows(tenant, FETCH, (tenant, list(file_ids)))
        by_id = {row.file_id: row for row in rows}
        return [by_id[id] for id in file_ids if id in by_id]

    async def page(self, tenant: str, owner: str, *, after: str | None, limit: int) -> list[FileRow]:
        """See the port."""
        return await self._rows(tenant, PAGE, (tenant, owner, after, limit))

    async def ended(self, tenant: str, at: datetime, limit: int) -> list[str]:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(ENDED, (tenant, at, limit))
            return [str(file_id) for (file_id,) in await cursor.fetchall()]

    async def mark_stored(self, tenant: str, file_id: str) -> bool:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(STORED, (tenant, file_id))
            return await cursor.fetchone() is not None

    async def remove(self, tenant: str, file_id: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("DELETE FROM files WHERE tenant = %s AND file_id = %s", (tenant, file_id))

    async def _rows(self, tenant: str, statement: str, parameters: tuple[Any, ...]) -> list[FileRow]:
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(statement, parameters)
            rows = await cursor.fetchall()
        await self._sealer.unlock([_stream(tenant, str(row[0])) for row in rows])
        return [await self._row(tenant, row) for row in rows]

    async def _row(self, tenant: str, row: tuple[Any, ...]) -> FileRow:
        file, owner, name, media_type, size, status, created_at, keep_until = row
        plain = await unseal_if_whole(self._sealer, _stream(tenant, str(file)), name, NAME)
        return FileRow(
            file_id=str(file),
            owner=owner,
            name=plain.decode() if plain is not None else "",
            media_type=media_type,
            size=size,
            status=status,
            created_at=created_at,
            keep_until=keep_until,
        )


def _stream(tenant: str, file_id: str) -> str:
    """The stream whose key seals a file."""
    return str(StreamId(tenant, "file", file_id))
