"""What must be there before the first process starts: schema, token keys, stream, table, bucket. Idempotent."""

from __future__ import annotations

import asyncio

from api.settings import Settings


def provision_all(settings: Settings) -> None:
    """Bring everything that the settings name to what this version needs; RuntimeError says what could not be."""
    from api.wiring import migrate_database

    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    migrate_database(settings)
    asyncio.run(_provision(settings))


async def _provision(settings: Settings) -> None:
    from api.job_wiring import provision_view
    from api.wiring import provision

    await asyncio.gather(provision(settings), provision_view(settings))
