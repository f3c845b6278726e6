"""The process's one way to Bedrock Runtime: the library's client, and HTTP of our own for what is asked often."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.httpsession import get_cert_path

from adapters.bedrock.http import BedrockHttp

CONNECTIONS = 2_048  # more than the turns a process accepts: a stream must never wait for a connection
CONNECT_S = 3.0
KEEP_ALIVE_S = 60.0  # Bedrock's load balancers keep idle connections for longer than this
CONFIG = AioConfig(
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=CONNECT_S,
    read_timeout=None,
    parameter_validation=False,
    max_pool_connections=CONNECTIONS,
    tcp_keepalive=True,
    connector_args={"keepalive_timeout": KEEP_ALIVE_S},
)


class Bedrock(msgspec.Struct, frozen=True):
    """`client` for what is asked seldom, `http` for models and vectors. Neither tries again by itself."""

    client: Any
    http: BedrockHttp


@asynccontextmanager
async def open_bedrock(*, endpoint_url: str | None = None, region: str | None = None) -> AsyncIterator[Bedrock]:
    """Open while the context is. Credentials, region and endpoint are AWS's own settings; both arguments are for tests.
    Making one costs about 100 ms: make it once a process."""
    session = get_session()
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    async with (
        session.create_client("bedrock-runtime", region, endpoint_url=endpoint_url, config=CONFIG) as client,
        _http_session(session) as http,
    ):
        yield Bedrock(client, BedrockHttp(http, client, await session.get_credentials()))


def _http_session(session: AioSession) -> aiohttp.ClientSession:
    """Without read timers: deadlines are the caller's, and a timer would be re-armed at every arrival. `AWS_CA_BUNDLE`
    counts, as it does for the library."""
    authorities = get_cert_path(session.get_config_variable("ca_bundle") or True)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_S,
            ssl=ssl.create_default_context(cafile=authorities),
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
