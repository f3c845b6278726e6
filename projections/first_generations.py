"""The first generation of each read model, made with the schema: an installation that starts can be read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import psycopg

from projections import positions
from projections.transactions import Connection, Pool, looking, rows, writing


class Tables(Protocol):
    """What a read model's class knows of its tables (see `ReadModel`)."""

    name: str
    layout: int

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """Make the tables of a generation."""
        ...

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """Let readers see this generation from the commit on."""
        ...


A_DATABASE = 1_000_000
"""Numbers of generations are a database's own, so that items which all of them keep in one place stay apart."""


async def begin_first_generations(pool: Pool, models: Sequence[Tables], lanes: int, database: int = 0) -> None:
    """Make an empty generation live where there has never been one. Several may be at it: one is first."""
    for model in models:
        try:
            async with writing(pool) as connection:
                if await positions.live(connection, model.name) is None:
                    await begin(connection, model, lanes, after=database * A_DATABASE)
        except psycopg.errors.UniqueViolation:
            pass  # another process has made it


async def begin(connection: Connection, model: Tables, lanes: int, after: int = 0) -> int:
    """Begin a read model: its first generation, live and empty; the generation's number."""
    generation = await positions.add_generation(connection, model.name, model.layout, lanes, after)
    await model.create(connection, generation)
    await positions.make_live(connection, model.name, generation)
    await model.publish(connection, generation)
    return generation


async def missing(pool: Pool, names: Sequence[str]) -> list[str]:
    """Read models of these that nobody can read yet."""
    async with looking(pool) as connection:
        found = await rows(connection, "SELECT name FROM projections.generations WHERE live")
    return sorted(set(names) - {row["name"] for row in found})


async def outdated(pool: Pool, layouts: Mapping[str, int]) -> list[str]:
    """Those whose live rows are of an older layout than these: they are built anew beside, and until then only the
    older program knows how to read them."""
    async with looking(pool) as connection:
        found = await rows(connection, "SELECT name, layout FROM projections.generations WHERE live")
    return sorted(row["name"] for row in found if row["layout"] < layouts.get(row["name"], 0))
