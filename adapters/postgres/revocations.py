"""`RevocationLog` in PostgreSQL: a row each, told of by a notification when it commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from adapters.database_transactions import Pool, one_statement, tenant_transaction
from application.ports.people.revocations import MOST_OF_A_TENANT, Revocation, ToldRevocation
from domain.refusals import RateLimited

EVER = datetime(1970, 1, 1, tzinfo=UTC)
FULL_S = 60.0


class News(Protocol):
    """Who hears what other processes commit."""

    def on_revocation(self, heard: Callable[[], None]) -> None:
        """Call `heard` when a row was written, and each time a connection begins."""
        ...


class PostgresRevocations:
    """See `application.ports.people.revocations.RevocationLog`."""

    def __init__(self, pool: Pool, news: News) -> None:
        self._pool, self._news = pool, news

    async def add(self, revocation: Revocation) -> None:
        """See the port."""
        values = msgspec.structs.asdict(revocation)
        async with tenant_transaction(self._pool, revocation.tenant) as connection:
            await connection.execute(
                "DELETE FROM revocations WHERE tenant = %(tenant)s AND until < now()", {"tenant": revocation.tenant}
            )
            cursor = await connection.execute(
                "INSERT INTO revocations (tenant, kind, name, before, until, lifted)"
                " SELECT %(tenant)s, %(kind)s, %(name)s, %(before)s, %(until)s, %(lifted)s"
                " WHERE %(kind)s = 'tenant'"
                " OR (SELECT count(*) FROM revocations WHERE tenant = %(tenant)s) < %(most)s"
                " ON CONFLICT (tenant, kind, name) DO UPDATE SET"
                " before = greatest(revocations.before, excluded.before),"
                " until = excluded.until, lifted = excluded.lifted, noted_at = clock_timestamp() RETURNING 1",
                values | {"most": MOST_OF_A_TENANT},
            )
            if await cursor.fetchone() is None:
                raise RateLimited(
                    f"At most {MOST_OF_A_TENANT} revocations hold at a time: revoke users, whose tokens all end.",
                    retry_after_s=FULL_S,
                )

    async def fetch(self, after: datetime | None) -> tuple[list[ToldRevocation], datetime | None]:
        """See the port."""
        async with one_statement(self._pool) as connection:
            cursor = await connection.execute("SELECT * FROM told_revocations(%s)", (after or EVER,))
            rows = await cursor.fetchall()
        names = ToldRevocation.__struct_fields__
        found = [ToldRevocation(**dict(zip(names, row, strict=False))) for row in rows]
        return found, rows[-1][-1] if rows else None

    def on_news(self, heard: Callable[[], None]) -> None:
        """See the port."""
        self._news.on_revocation(heard)
