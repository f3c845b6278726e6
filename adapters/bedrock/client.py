"""The process's one Bedrock Runtime client: signed, pooled, without retries or read timers of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig

CONNECTIONS = 2_048  # more than the turns a process accepts: a stream must never wait for a connection
CONNECT_S = 3.0
KEEP_ALIVE_S = 60.0  # Bedrock's load balancers keep idle connections for longer than this


def _config() -> AioConfig:
    """Retries and deadlines are the caller's (one policy in one place), so the client has none: a read timer would
    be re-armed at every arrival. Our requests are built by us, so walking their shapes again would only cost time."""
    return AioConfig(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_S,
        read_timeout=None,
        parameter_validation=False,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        connector_args={"keepalive_timeout": KEEP_ALIVE_S},
    )


@asynccontextmanager
async def open_bedrock(*, endpoint_url: str | None = None, region: str | None = None) -> AsyncIterator[Any]:
    """One `bedrock-runtime` client, open while the context is. Credentials and endpoint are AWS's own settings; both
    arguments are for tests. Making one costs about 100 ms: make it once a process."""
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    session = aioboto3.Session(region_name=region)
    async with session.client("bedrock-runtime", endpoint_url=endpoint_url, config=_config()) as client:
        yield client
