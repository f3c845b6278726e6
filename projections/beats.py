"""How the loops of the processes behind are: each says it every few seconds, and anybody may look."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from application.tasks import Loops, isolated
from projections.transactions import Pool, looking, rows, writing

BEAT_S = 5.0
KEPT = "1 hour"
"""So long the row of a process that was killed is there to be seen."""
MOST = 500
"""Processes that are looked at, the latest first."""

SAY = """
INSERT INTO projections.background (process, job, loops) VALUES (%s, %s, %s)
ON CONFLICT (process) DO UPDATE SET loops = excluded.loops, at = now()"""
FORGET = "DELETE FROM projections.background WHERE process = %s OR at < now() - %s::interval"
LATEST = "SELECT job, loops, silent_s FROM projections.heard(%s)"

Keep = Callable[[Loops], None]
"""Takes the loops of a job, and has what they come to told."""


def unheard(loops: Loops) -> None:
    """For a job that nobody asks."""


class LastBeat(msgspec.Struct, frozen=True):
    """What a process said last: of each of its loops why it is down, or nothing; and how long ago."""

    job: str
    loops: dict[str, str]
    silent_s: float


@asynccontextmanager
async def beating(pool: Pool, process: str, job: str, every_s: float = BEAT_S) -> AsyncIterator[Keep]:
    """A job's process says how it is for as long as the block runs, and then that it is no more."""
    yield lambda loops: loops.every(f"beats_{job}", every_s, partial(_say, pool, process, job, loops))
    with isolated("last_beat"):  # the database may be gone before us: then the row grows old
        async with writing(pool) as connection:
            await connection.execute(FORGET, (process, KEPT))


async def _say(pool: Pool, process: str, job: str, loops: Loops) -> None:
    async with writing(pool) as connection:
        await connection.execute(SAY, (process, job, json.dumps(loops.down())))


def named(what: str, database: int) -> str:
    """A job or a loop by its name: the first database's as it is, another's with its number."""
    return f"{what}_db{database}" if database else what


async def heard_of_all(pools: Sequence[Pool]) -> list[LastBeat]:
    """What all of them said last, in each database that they serve: of each as of another job."""
    return [
        LastBeat(named(one.job, number), {named(loop, number): why for loop, why in one.loops.items()}, one.silent_s)
        for number, pool in enumerate(pools)
        for one in await heard(pool)
    ]


async def heard(pool: Pool) -> list[LastBeat]:
    """What was said last in one database."""
    async with looking(pool) as connection:
        return [LastBeat(**row) for row in await rows(connection, LATEST, (MOST,))]
