"""Sessions that a read model cannot follow: put aside at the fact that stopped it, and tried again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from application.ports.facts.event_store import Recorded
from projections.transactions import Connection, Pool, Row, rows, writing

RESUMED = 500
"""SessionsAside sessions that are tried again at a time: any of them, so that none keeps the others waiting."""

PARKED = """
SELECT p.stream, p.version, o.id IS NOT NULL AS asked FROM projections.parked_events p
LEFT JOIN projections.orders o
  ON o.what = 'retry' AND o.name = p.name AND o.stream = p.stream AND o.ended_at IS NULL
WHERE p.name = %s AND p.generation = %s AND p.lane = %s ORDER BY o.id, random() LIMIT %s"""
"""Those first that an operator asked for."""
UNPARK = "DELETE FROM projections.parked_events WHERE name = %s AND generation = %s AND stream = %s"
TRIED = """
UPDATE projections.orders SET ended_at = now(), outcome = %s
WHERE what = 'retry' AND name = %s AND stream = %s AND ended_at IS NULL"""


class Parking(Exception):
    """The session cannot be followed from this fact on."""

    def __init__(self, fact: Recorded, reason: str) -> None:
        super().__init__(reason)
        self.fact, self.reason = fact, reason


class SessionsAside(Protocol):
    """Sessions that one read model has put aside."""

    async def among(self, generation: int, streams: Sequence[str]) -> list[str]:
        """Those of these streams that are parked."""
        ...

    async def park(self, connection: Connection, generation: int, lane: int, parking: Parking) -> None:
        """Put a session aside, in the transaction of what else its facts changed."""
        ...

    async def to_try(self, generation: int, lane: int) -> list[Row]:
        """Some that are parked: `stream`, `version` of the fact that stopped it, and whether it was `asked` for."""
        ...

    async def tried(self, generation: int, row: Row, outcome: str) -> None:
        """What became of one of them: `done`, or the name of what stops it still."""
        ...


class ParkedSessions:
    """`SessionsAside` in PostgreSQL, of the read model called `name`."""

    def __init__(self, pool: Pool, name: str) -> None:
        self._pool, self._name = pool, name

    async def among(self, generation: int, streams: Sequence[str]) -> list[str]:
        """See `SessionsAside`."""
        async with writing(self._pool) as connection:
            found = await rows(
                connection,
                "SELECT stream FROM projections.parked_events WHERE name = %s AND generation = %s AND stream = ANY(%s)",
                (self._name, generation, list(streams)),
            )
        return [row["stream"] for row in found]

    async def park(self, connection: Connection, generation: int, lane: int, parking: Parking) -> None:
        """See `SessionsAside`."""
        fact = parking.fact
        await connection.execute(
            "INSERT INTO projections.parked_events (name, generation, stream, lane, position, version, topic, error)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (self._name, generation, fact.stream, lane, fact.position, fact.version, fact.topic, parking.reason[:500]),
        )

    async def to_try(self, generation: int, lane: int) -> list[Row]:
        """See `SessionsAside`."""
        async with writing(self._pool) as connection:
            return await rows(connection, PARKED, (self._name, generation, lane, RESUMED))

    async def tried(self, generation: int, row: Row, outcome: str) -> None:
        """See `SessionsAside`."""
        if outcome != "done" and not row["asked"]:
            return
        async with writing(self._pool) as connection:
            if outcome == "done":
                await connection.execute(UNPARK, (self._name, generation, row["stream"]))
            await connection.execute(TRIED, (outcome, self._name, row["stream"]))
