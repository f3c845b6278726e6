"""Which turn answered which conversation, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports.sessions.known_exchanges import MOST_FOUND, KnownExchange


class InMemoryKnownExchanges:
    """Rows in the order they were made in."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], KnownExchange] = {}

    async def find(self, tenant: str, chains: Sequence[bytes]) -> list[KnownExchange]:
        found = [row for (of, _), row in self.rows.items() if of == tenant and row.chain in chains]
        return found[::-1][:MOST_FOUND]

    async def forget(self, tenant: str, session_id: str) -> None:
        for key in [key for key, row in self.rows.items() if key[0] == tenant and row.session_id == session_id]:
            del self.rows[key]

    async def claim(self, tenant: str, exchange: KnownExchange) -> KnownExchange:
        return self.rows.setdefault((tenant, exchange.client_id), exchange)
