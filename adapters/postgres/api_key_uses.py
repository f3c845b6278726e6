"""`ApiKeyUses` in PostgreSQL: a row a key, each tenant's to itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.database_transactions import Pool, tenant_transaction


class PostgresApiKeyUses:
    """See `application.ports.people.api_key_uses.ApiKeyUses`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, tenant: str, used: Mapping[str, datetime]) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(
                "INSERT INTO api_key_uses SELECT %s, * FROM unnest(%s::text[], %s::timestamptz[])"
                " ON CONFLICT (tenant, key_id) DO UPDATE"
                " SET last_used_at = greatest(api_key_uses.last_used_at, excluded.last_used_at)",
                (tenant, list(used), list(used.values())),
            )

    async def fetch(self, tenant: str) -> Mapping[str, datetime]:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT key_id, last_used_at FROM api_key_uses WHERE tenant = %s", (tenant,)
            )
            return dict(await cursor.fetchall())

    async def remove(self, tenant: str, key_id: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("DELETE FROM api_key_uses WHERE tenant = %s AND key_id = %s", (tenant, key_id))
