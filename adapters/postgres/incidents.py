"""`IncidentRegister` in PostgreSQL: a row an incident, what was raised sealed with the incident's own key."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.postgres.pool import Pool, tenant_transaction
from application.acting_tenant import acting_tenant
from application.ports.facts.keys import Sealer
from application.ports.incidents.incident_register import IncidentRow
from application.unsealing import unseal_if_whole
from domain.event import StreamId
from domain.incident.events import IncidentRaised, Status

RAISED = "raised"
ROW = "incident_id, raised_by, raised, status, frozen, at"
ADD = f"INSERT INTO incidents (tenant, {ROW}) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
FETCH = f"SELECT {ROW} FROM incidents WHERE tenant = %s AND incident_id = %s"
PAGE = f"""
SELECT {ROW} FROM incidents
WHERE tenant = %s AND (%s::text IS NULL OR raised_by = %s)
  AND incident_id < coalesce(%s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY incident_id DESC LIMIT %s
"""


class PostgresIncidents:
    """See `application.ports.incidents.incident_register.IncidentRegister`. One that cannot be opened any more is
    listed without its words."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool, self._sealer = pool, sealer

    async def add(self, tenant: str, row: IncidentRow) -> None:
        """See the port."""
        acting_tenant(tenant)  # before anything is sealed in its name
        plain = msgspec.msgpack.encode(row.raised)
        sealed = await self._sealer.seal(_stream(tenant, row.incident_id), plain, RAISED)
        values = (row.incident_id, row.raised.raised_by, sealed, row.status, row.frozen, row.at)
        await self._run(tenant, ADD, (tenant, *values))

    async def fetch(self, tenant: str, incident_id: str) -> IncidentRow | None:
        """See the port."""
        rows = await self._rows(tenant, FETCH, (tenant, incident_id))
        return rows[0] if rows else None

    async def page(self, tenant: str, raised_by: str | None, *, after: str | None, limit: int) -> list[IncidentRow]:
        """See the port."""
        return await self._rows(tenant, PAGE, (tenant, raised_by, raised_by, after, limit))

    async def set_status(self, tenant: str, incident_id: str, status: Status) -> None:
        """See the port."""
        change = "UPDATE incidents SET status = %s WHERE tenant = %s AND incident_id = %s"
        await self._run(tenant, change, (status, tenant, incident_id))

    async def set_frozen(self, tenant: str, incident_id: str) -> None:
        """See the port."""
        change = "UPDATE incidents SET frozen = true WHERE tenant = %s AND incident_id = %s"
        await self._run(tenant, change, (tenant, incident_id))

    async def _run(self, tenant: str, statement: str, parameters: tuple[Any, ...]) -> None:
        async with tenant_transaction(self._pool, tenant) as connection:
            await connection.execute(statement, parameters)

    async def _rows(self, tenant: str, statement: str, parameters: tuple[Any, ...]) -> list[IncidentRow]:
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute(statement, parameters)
            rows = await cursor.fetchall()
        await self._sealer.unlock([_stream(tenant, str(row[0])) for row in rows])
        return [await self._row(tenant, row) for row in rows]

    async def _row(self, tenant: str, row: tuple[Any, ...]) -> IncidentRow:
        id, raised_by, sealed, status, frozen, at = row
        plain = await unseal_if_whole(self._sealer, _stream(tenant, str(id)), sealed, RAISED)
        raised = IncidentRaised(title="", text="", raised_by=raised_by)
        if plain is not None:
            raised = msgspec.msgpack.decode(plain, type=IncidentRaised)
        return IncidentRow(incident_id=str(id), raised=raised, status=status, at=at, frozen=frozen)


def _stream(tenant: str, incident_id: str) -> str:
    """The stream whose key seals an incident."""
    return str(StreamId(tenant, "incident", incident_id))
