"""Generations of read models and how far each has come: one table each, changed with the rows they speak of."""

from __future__ import annotations

import msgspec

from projections.transactions import Connection, Pool, Row, rows, writing

RELAY = "relay"


class Superseded(Exception):
    """The position is not where this reader left it: another generation is live, or another process was faster."""


class Generation(msgspec.Struct, frozen=True):
    """The live generation of a read model, and the version of the code that its rows were made by."""

    generation: int
    layout: int


async def live(connection: Connection, name: str) -> Generation | None:
    """The live generation; None before the first."""
    found = await rows(
        connection, "SELECT generation, layout FROM projections.generations WHERE name = %s AND live", (name,)
    )
    return Generation(**found[0]) if found else None


async def add_generation(connection: Connection, name: str, layout: int, lanes: int, after: int = 0) -> int:
    """A new generation that is not live, at the beginning of each lane; its number, which is above `after`."""
    cursor = await connection.execute(
        "INSERT INTO projections.generations (name, generation, layout)"
        " SELECT %(name)s, coalesce(max(generation), %(after)s) + 1, %(layout)s FROM projections.generations"
        " WHERE name = %(name)s RETURNING generation",
        {"name": name, "layout": layout, "after": after},
    )
    row = await cursor.fetchone()
    generation = int(row[0]) if row else 0
    for lane in range(lanes):
        await connection.execute(
            "INSERT INTO projections.positions (name, generation, lane, position) VALUES (%s, %s, %s, 0)",
            (name, generation, lane),
        )
    return generation


async def make_live(connection: Connection, name: str, generation: int) -> None:
    """Make one generation the live one."""
    await connection.execute("UPDATE projections.generations SET live = false WHERE name = %s AND live", (name,))
    await connection.execute(
        "UPDATE projections.generations SET live = true WHERE name = %s AND generation = %s", (name, generation)
    )


async def remove_generation(connection: Connection, name: str, generation: int) -> None:
    """Forget a generation: whoever still feeds it finds itself superseded."""
    for table in ("positions", "parked_events", "generations"):
        await connection.execute(
            f"DELETE FROM projections.{table} WHERE name = %s AND generation = %s", (name, generation)
        )


async def leftovers(connection: Connection, name: str) -> list[int]:
    """Generations that are not live: what an interrupted rebuild or switch left."""
    found = await rows(
        connection, "SELECT generation FROM projections.generations WHERE name = %s AND NOT live", (name,)
    )
    return [row["generation"] for row in found]


async def position_of(connection: Connection, name: str, generation: int, lane: int, *, lock: bool = False) -> int:
    """How far a generation has come; with `lock` it stays there until the transaction ends. `Superseded` when it is
    gone; a lane that is new begins at 0."""
    await connection.execute(
        "INSERT INTO projections.positions (name, generation, lane, position)"
        " SELECT name, generation, %s, 0 FROM projections.generations WHERE name = %s AND generation = %s"
        " ON CONFLICT DO NOTHING",
        (lane, name, generation),
    )
    cursor = await connection.execute(
        "SELECT position FROM projections.positions WHERE name = %s AND generation = %s AND lane = %s"
        + (" FOR UPDATE" if lock else ""),
        (name, generation, lane),
    )
    row = await cursor.fetchone()
    if row is None:
        raise Superseded
    return int(row[0])


async def move(connection: Connection, name: str, generation: int, lane: int, old: int, new: int) -> None:
    """Move the position from `old` to `new`, or raise `Superseded`."""
    cursor = await connection.execute(
        "UPDATE projections.positions SET position = %s, at = now()"
        " WHERE name = %s AND generation = %s AND lane = %s AND position = %s",
        (new, name, generation, lane, old),
    )
    if cursor.rowcount != 1:
        raise Superseded


async def note_relay(pool: Pool, lane: int, position: int) -> None:
    """Note how far the relay has come; for the lag only, the pipe's end is what counts."""
    async with writing(pool) as connection:
        await connection.execute(
            "INSERT INTO projections.positions AS p (name, generation, lane, position) VALUES (%s, 0, %s, %s)"
            " ON CONFLICT (name, generation, lane) DO UPDATE SET position = excluded.position, at = now()",
            (RELAY, lane, position),
        )


async def all_positions(connection: Connection) -> list[Row]:
    """Live read models and the relay: name, generation, layout, lane, position, parked (sessions)."""
    return await rows(
        connection,
        "SELECT p.name, p.generation, g.layout, p.lane, p.position,"
        " projections.count_parked(p.name, p.generation, p.lane) AS parked"
        " FROM projections.positions p LEFT JOIN projections.generations g USING (name, generation)"
        " WHERE g.live OR p.name = %s ORDER BY p.name, p.lane",
        (RELAY,),
    )
