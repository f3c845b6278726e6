"""How the parts are asked whether they are there. PostgreSQL alone is needed, with rows that this version can read:
without any other, reads go on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from botocore.utils import get_environ_proxies

from api.readiness import CHECK_S, Away, HealthCheck
from api.settings import Settings
from application.gateway.health import Health
from projections.audit import Audit
from projections.beats import named as named_of
from projections.costs import Costs
from projections.first_generations import missing, outdated
from projections.session_view import SessionView

LAYOUTS = {model.name: model.layout for model in (SessionView, Costs, Audit)}
READ_MODELS = tuple(LAYOUTS)
PORTS = {"https": 443, "http": 80}


class Names(Protocol):
    """The recogniser of names."""

    @property
    def is_away(self) -> bool:
        """Whether it did not answer a moment ago."""
        ...


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What is asked: clients, and what is known of the models."""

    pools: Sequence[Any]  # of each database
    bedrock: Any
    s3: Any
    dynamodb: Any
    kms: Any
    cache: Any
    models: Health
    names: Names | None = None


def health_checks(settings: Settings, parts: Dependencies) -> dict[str, tuple[bool, HealthCheck]]:
    """Each part by name: is it needed, and how one asks it."""

    async def bedrock() -> str:
        await reachable(parts.bedrock.meta.endpoint_url)
        if refusal := parts.models.refused(settings.model_balanced, settings.model_fast):
            raise Away(refusal)
        return settings.speaker

    async def bucket() -> None:
        await parts.s3.head_bucket(Bucket=settings.bucket)

    async def table() -> None:
        await parts.dynamodb.describe_table(TableName=settings.table)

    async def ping() -> None:
        mode = await parts.cache.info("cluster")
        if mode.get("cluster_enabled"):
            raise Away("it is in cluster mode, where keys of one script lie on several nodes: use one without")

    async def names() -> None:
        if parts.names is not None and parts.names.is_away:
            raise Away("names, addresses and places are left to the rules")

    named: dict[str, tuple[bool, HealthCheck]] = {} if parts.names is None else {"names": (False, names)}
    return {
        "postgres": (True, partial(ask_database, parts.pools[0])),
        **{
            named_of("postgres", number): (False, partial(ask_database, pool))
            for number, pool in enumerate(parts.pools)
            if number  # whoever is in another database is answered
        },
        "read_models": (False, partial(read_models, parts.pools)),
        "layouts": (
            True,
            partial(layouts, parts.pools),
        ),  # in an upgrade the version before goes on answering until then
        "bedrock": (False, bedrock),
        "dynamodb": (False, table),
        "kms": (False, partial(reachable, parts.kms.meta.endpoint_url)),
        "s3": (False, bucket),
        "valkey": (False, ping),
        "nats": (False, partial(any_reachable, settings.nats_url)),
        **named,
    }


async def read_models(pools: Sequence[Any]) -> None:
    """Whether each can be read."""
    if absent := sorted({name for pool in pools for name in await missing(pool, READ_MODELS)}):
        raise Away(f"not built yet: {', '.join(absent)}")


async def layouts(pools: Sequence[Any]) -> None:
    """Whether none is of a version before, whose rows only that version knows how to read."""
    if older := sorted({name for pool in pools for name in await outdated(pool, LAYOUTS)}):
        raise Away(f"of an older version, being built anew: {', '.join(older)}")


async def ask_database(pool: Any) -> None:
    """Whether a pool's database answers."""
    async with pool.connection(timeout=CHECK_S) as connection:
        await connection.execute("SELECT 1")


async def any_reachable(urls: str) -> None:
    """Whether somebody listens at one of these URLs, with commas between them."""
    failure: Exception = Away("no URL")
    for url in urls.split(","):
        try:
            return await reachable(url.strip())
        except (OSError, Away) as error:
            failure = error
    raise failure


async def reachable(url: str) -> None:
    """Whether somebody listens at a URL's host and port, by way of the proxy that AWS's client would take by
    `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; OSError or `Away` otherwise."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 4222)
    proxy = get_environ_proxies(url).get(parts.scheme, "")
    if not proxy:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return
    via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    tls = True if via.scheme == "https" else None
    reader, writer = await asyncio.open_connection(via.hostname, via.port or PORTS[via.scheme], ssl=tls)
    try:
        if parts.scheme == "https":  # in plain text a proxy looks for who is behind it with each request
            writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{_credentials(via)}\r\n".encode())
            status = (await reader.readline()).split(b" ")
            if len(status) < 2 or not status[1].startswith(b"2"):
                raise Away("the proxy does not lead there")
    finally:
        writer.close()


def _credentials(proxy: SplitResult) -> str:
    if not proxy.username:
        return ""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
