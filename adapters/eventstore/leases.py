"""Leases of running turns: rows that the append function writes with the facts, kept alive and taken over here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.database_transactions import one_statement
from adapters.eventstore.keyring import tenant_of
from application.acting_tenant import acting_for
from application.ports.facts.leases import TurnOwners
from domain.refusals import DependencyUnavailable

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


class LanesOwners:
    """The same word of several databases' turns: `database_of` says which a tenant's are in. One that is away keeps
    nobody from what is asked of the others."""

    def __init__(self, databases: Sequence[TurnOwners], database_of: Callable[[str], Awaitable[int]]) -> None:
        self._databases, self._database_of = databases, database_of

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        """See `application/ports/facts/leases.py`. `DependencyUnavailable` when nothing can be known of any."""
        asked: dict[int, list[str]] = {}
        for stream in streams:
            with acting_for(tenant_of(stream)):  # a loop of the process looks after sessions of many
                asked.setdefault(await self._database_of(tenant_of(stream)), []).append(stream)
        known: dict[str, str] = {}
        away: list[DependencyUnavailable] = []
        for number, own in asked.items():
            try:
                known |= await self._databases[number].owners(own)
            except DependencyUnavailable as error:
                away.append(error)
        if away and len(away) == len(asked):
            raise away[0]
        return known

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        """See `application/ports/facts/leases.py`."""
        with acting_for(tenant_of(stream)):
            number = await self._database_of(tenant_of(stream))
        return await self._databases[number].wish_cancelled(stream, turn_id)
