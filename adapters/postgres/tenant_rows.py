"""`TenantRows` in PostgreSQL."""

from __future__ import annotations

from psycopg.sql import SQL, Identifier

from adapters.postgres.pool import Pool, tenant_transaction

TABLES = (
    "documents", "corpora", "vocabulary", "files", "incidents", "cached_answers", "known_exchanges", "user_names",
    "api_key_uses",
)  # fmt: skip


class PostgresTenantRows:
    """See `application.ports.tenants.tenant_rows.TenantRows`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def erase(self, tenant: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("SELECT empty_corpus(%s)", (tenant,))
            await connection.execute("SELECT drop_dataset(tenant, name) FROM datasets WHERE tenant = %s", (tenant,))
            for table in TABLES:
                await connection.execute(SQL("DELETE FROM {} WHERE tenant = %s").format(Identifier(table)), (tenant,))
