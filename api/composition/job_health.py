"""A job behind says how it is: to the processes that answer by beats, to those who run it on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from adapters.database_transactions import Pool
from api.composition.infrastructure import process_name
from api.connections.own_port import own_port
from api.health_checks import any_reachable, ask_database
from api.readiness import Readiness
from api.settings import Settings
from application.tasks import Loops
from projections.beats import Keep, beating


@asynccontextmanager
async def told(settings: Settings, pool: Pool, job: str) -> AsyncIterator[Keep]:
    """What takes the job's loops, for as long as the block runs."""
    kept: list[Loops] = []
    checks = {
        "postgres": (True, partial(ask_database, pool)),
        "nats": (False, partial(any_reachable, settings.nats_url)),
    }
    if job == "ingest":
        del checks["nats"]  # it reads from the database alone
    readiness = Readiness(checks, lambda: {name: why for loops in kept for name, why in loops.down().items()})
    async with beating(pool, process_name(), job) as beat, own_port(settings, job, readiness.report):

        def keep(loops: Loops) -> None:
            beat(loops)
            kept.append(loops)

        yield keep
