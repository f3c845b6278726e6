"""`KnownExchanges` in PostgreSQL: a row a turn, which goes half a year later."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.postgres.pool import Pool, tenant_transaction
from application.ports.sessions.known_exchanges import MOST_FOUND, KnownExchange

FORGET = """
DELETE FROM known_exchanges WHERE tenant = %(tenant)s AND client_id IN (
  SELECT client_id FROM known_exchanges WHERE tenant = %(tenant)s AND made_at < now() - interval '180 days' LIMIT 5)
"""
CLAIM = """
INSERT INTO known_exchanges (tenant, client_id, session_id, chain, request)
VALUES (%(tenant)s, %(client_id)s, %(session_id)s, %(chain)s, %(request)s) ON CONFLICT DO NOTHING
"""


class PostgresKnownExchanges:
    """See `application.ports.sessions.known_exchanges.KnownExchanges`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, tenant: str, chains: Sequence[bytes]) -> list[KnownExchange]:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(
                "SELECT client_id, session_id::text, chain, request FROM known_exchanges"
                " WHERE tenant = %s AND chain = ANY (%s) ORDER BY made_at DESC LIMIT %s",
                (tenant, list(chains), MOST_FOUND),
            )
            return [_known(*row) for row in await cursor.fetchall()]

    async def forget(self, tenant: str, session_id: str) -> None:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(
                "DELETE FROM known_exchanges WHERE tenant = %s AND session_id = %s", (tenant, session_id)
            )

    async def claim(self, tenant: str, exchange: KnownExchange) -> KnownExchange:
        """See the port."""
        async with tenant_transaction(self._pool, tenant) as connection:
            row = {name: getattr(exchange, name) for name in exchange.__struct_fields__} | {"tenant": tenant}
            await connection.execute(FORGET, row)
            await connection.execute(CLAIM, row)
            cursor = await connection.execute(
                "SELECT client_id, session_id::text, chain, request FROM known_exchanges"
                " WHERE tenant = %s AND client_id = %s",
                (tenant, exchange.client_id),
            )
            (found,) = await cursor.fetchall()
            return _known(*found)


def _known(client_id: str, session_id: str, chain: bytes, request: bytes) -> KnownExchange:
    return KnownExchange(client_id=client_id, session_id=session_id, chain=bytes(chain), request=bytes(request))
