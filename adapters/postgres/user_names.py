"""`UserNames` in PostgreSQL: a row a user, each tenant's to itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.database_transactions import Pool, tenant_transaction


class PostgresUserNames:
    """See `application.ports.people.user_names.UserNames`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, tenant: str, sealed: Mapping[str, bytes]) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(
                "INSERT INTO user_names SELECT %s, * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
                (tenant, list(sealed), list(sealed.values())),
            )

    async def fetch(self, tenant: str, pseudonyms: Collection[str]) -> Mapping[str, bytes]:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT pseudonym, name FROM user_names WHERE tenant = %s AND pseudonym = ANY (%s)",
                (tenant, list(pseudonyms)),
            )
            return {pseudonym: bytes(name) for pseudonym, name in await cursor.fetchall()}

    async def remove(self, tenant: str, pseudonym: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute("DELETE FROM user_names WHERE tenant = %s AND pseudonym = %s", (tenant, pseudonym))
