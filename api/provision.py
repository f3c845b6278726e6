"""What must be there before the first process starts: schema, token keys, stream, table, bucket. Idempotent.

It opens little, so that it is quick: everything else waits for it.
"""

from __future__ import annotations

import asyncio

from adapters.dynamodb.table import provision_table
from adapters.postgres.migrate import migrate
from adapters.s3.blobs import S3Blobs
from api.aws_client import open_aws
from api.settings import Settings
from api.token_wiring import create_token_keys


def provision_all(settings: Settings) -> None:
    """Bring everything that the settings name to what this version needs; RuntimeError says what could not be."""
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    migrate(settings.database_url, settings.lanes)
    asyncio.run(provision(settings))


async def provision(settings: Settings) -> None:
    """All but the schema: token keys, bucket, table."""
    create_token_keys(settings)
    async with open_aws("s3") as s3, open_aws("dynamodb") as dynamodb:
        await asyncio.gather(S3Blobs(s3, settings.bucket).provision(), provision_table(dynamodb, settings.table))
