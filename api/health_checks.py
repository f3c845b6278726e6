"""How the parts that a turn needs, or may need, are asked whether they are there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from api.readiness import CHECK_S, HealthCheck
from api.settings import Settings


def health_checks(
    settings: Settings, pool: Any, bedrock: Any, s3: Any, cache: Any
) -> dict[str, tuple[bool, HealthCheck]]:
    """Each part by name: is it needed for a turn, and how one asks it."""

    async def postgres() -> None:
        async with pool.connection(timeout=CHECK_S) as connection:
            await connection.execute("SELECT 1")

    async def bucket() -> None:
        await s3.head_bucket(Bucket=settings.bucket)

    async def ping() -> None:
        await cache.ping()

    return {
        "postgres": (True, postgres),
        "bedrock": (True, partial(reachable, bedrock.meta.endpoint_url)),
        "valkey": (False, ping),
        "nats": (False, partial(reachable, settings.nats_url)),
        "s3": (False, bucket),
    }


async def reachable(url: str) -> None:
    """Whether somebody listens at a URL's host and port; OSError otherwise."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 4222)
    _, writer = await asyncio.open_connection(parts.hostname, port)
    writer.close()
