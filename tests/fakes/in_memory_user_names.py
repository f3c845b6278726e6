"""The table of users' names in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from application.ports.facts.keys import Sealer
from application.users import Shredder, Users


class InMemoryUserNames:
    """Rows by tenant and pseudonym."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], bytes] = {}

    async def keep(self, tenant: str, sealed: Mapping[str, bytes]) -> None:
        self.rows = {(tenant, pseudonym): name for pseudonym, name in sealed.items()} | self.rows

    async def fetch(self, tenant: str, pseudonyms: Collection[str]) -> Mapping[str, bytes]:
        return {user: self.rows[tenant, user] for user in pseudonyms if (tenant, user) in self.rows}

    async def remove(self, tenant: str, pseudonym: str) -> None:
        self.rows.pop((tenant, pseudonym), None)


def users_on(sealer: Sealer, store: Shredder) -> Users:
    """Users with such a table, and the keys and streams of others."""
    return Users(sealer, InMemoryUserNames(), store)
