"""Leases of running turns: rows that the append function writes with the facts, kept alive and taken over here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.database_transactions import one_statement

# Rows that an append holds this moment are passed over: it is renewing or ending them itself, and two statements that
# wait for each other's rows would be a deadlock.
FREE = "FOR UPDATE SKIP LOCKED"
RENEW = f"""
    UPDATE running_turns SET expires_at = now() + make_interval(secs => %s) WHERE stream IN
      (SELECT stream FROM running_turns WHERE owner = %s AND stream = ANY (%s) {FREE})
    RETURNING stream, cancel"""
OWNERS = "SELECT stream, owner FROM running_turns WHERE stream = ANY (%s)"
WISH = "UPDATE running_turns SET cancel = %s WHERE stream = %s RETURNING stream"
CLAIM = f"""
    UPDATE running_turns SET owner = %s, expires_at = now() + make_interval(secs => %s) WHERE stream IN
      (SELECT stream FROM running_turns WHERE expires_at < now() ORDER BY expires_at LIMIT %s {FREE})
    RETURNING stream"""


class PostgresLeases:
    """The rows of `running_turns` from one process's side. `lease_s` is how long a process may be silent;
    `pool` logs in as the writer, whose rows these are."""

    def __init__(self, pool: Any, owner: str, lease_s: float) -> None:
        self._pool, self._owner, self._lease_s = pool, owner, lease_s

    async def renew(self, streams: Sequence[str]) -> Mapping[str, str]:
        """See `application/ports/facts/leases.py`."""
        if not streams:
            return {}
        rows = await self._run(RENEW, (self._lease_s, self._owner, list(streams)))
        return {stream: cancel for stream, cancel in rows if cancel}

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        """See `application/ports/facts/leases.py`."""
        return dict(await self._run(OWNERS, (list(streams),)))

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        """See `application/ports/facts/leases.py`."""
        return bool(await self._run(WISH, (turn_id, stream)))

    async def claim_expired(self, limit: int) -> list[str]:
        """See `application/ports/facts/leases.py`."""
        return [row[0] for row in await self._run(CLAIM, (self._owner, self._lease_s, limit))]

    async def _run(self, statement: str, arguments: tuple[Any, ...]) -> list[Any]:
        async with one_statement(self._pool) as connection:
            cursor = await connection.execute(statement, arguments)
            return list(await cursor.fetchall())
