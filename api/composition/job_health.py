"""A job behind says how it is: to the processes that answer by beats, to those who run it on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from adapters.database_transactions import Pool
from api.composition.infrastructure import process_name
from api.connections.own_port import own_port
from api.health_checks import any_reachable, ask_database
from api.readiness import Readiness
from api.settings import Settings
from application.tasks import Loops
from projections.beats import Keep, beating, named


@asynccontextmanager
async def told(settings: Settings, pools: Sequence[Pool], job: str) -> AsyncIterator[list[Keep]]:
    """What takes the job's loops, for as long as the block runs: for each database that it serves."""
    kept: list[tuple[int, Loops]] = []
    checks = {named("postgres", number): (True, partial(ask_database, pool)) for number, pool in enumerate(pools)}
    if job != "ingest":  # which reads from the database alone
        checks["nats"] = False, partial(any_reachable, settings.nats_url)

    def down() -> dict[str, str]:
        return {named(name, number): why for number, loops in kept for name, why in loops.down().items()}

    def keep(number: int, beat: Keep, loops: Loops) -> None:
        beat(loops)
        kept.append((number, loops))

    async with AsyncExitStack() as stack:
        process = process_name()
        beats = [await stack.enter_async_context(beating(pool, process, job)) for pool in pools]
        await stack.enter_async_context(own_port(settings, job, Readiness(checks, down).report))
        yield [partial(keep, number, beat) for number, beat in enumerate(beats)]
