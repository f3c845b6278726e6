"""What every process stands on: the database with its event store, its pools, the clients of other services."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import valkey.asyncio

from adapters.aws.database_tokens import database_tokens
from adapters.bedrock.client import Bedrock, open_bedrock
from adapters.bedrock.failures import KINDS
from adapters.database_login import Login, Logins, session_url
from adapters.database_transactions import OnePool, Pool
from adapters.eventstore.mapper import untraced
from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.kms.authority import KmsKeyAuthority
from adapters.postgres.datasets import PostgresDatasets
from adapters.postgres.lane_directory import LaneDirectory, LanePools
from adapters.postgres.logins import find_logins
from adapters.postgres.pass_file import passwords, reading
from adapters.postgres.pool import open_pool
from adapters.postgres.tool_queries import ToolQueries
from adapters.sts.tenant_credentials import TenantCredentials
from adapters.valkey.examine import refuse_cluster
from api.composition.aws_client import open_aws
from api.composition.lanes import databases_of
from api.settings import Settings
from api.telemetry.event_metrics import expect_outcomes, show_quotas
from api.telemetry.observing import observer
from api.telemetry.trace import current_trace

POOL_SIZE = 12
LEASES, SEARCHES, LOADS, TOOLS = 2, 6, 2, 4
"""Connections of what must not wait for each other, nor for keys and short reads; the event store has its own."""


def process_name() -> str:
    """A name for this process among all replicas, never used twice."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Database:
    """The event store with its keys' KMS, and pools of the database. A process that answers people has no `worker`:
    it sees one tenant a transaction, whatever it is asked. Where several databases hold tenants, `pool` leads to that
    of the tenant, `pools` and `all_logins` are of each, and `logins` and `worker` of the first."""

    all_logins: Sequence[Logins]
    pools: Sequence[OnePool]
    pool: Pool
    worker: OnePool | None
    store: PostgresEventStore
    kms: Any
    directory: LaneDirectory | None

    @property
    def logins(self) -> Logins:
        """Of the first database."""
        return self.all_logins[0]

    def leading(self, pools: Sequence[OnePool]) -> Pool:
        """Pools of one login, one a database, as that of whoever is acted for."""
        return LanePools(pools, self.directory) if self.directory else pools[0]


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """What the API server's rooms are built on, opened."""

    settings: Settings
    process: str
    database: Database
    writers: Sequence[OnePool]
    searches: Pool
    datasets: PostgresDatasets
    bedrock: Bedrock
    s3: Any
    cache: Any
    dynamodb: Any

    @property
    def pool(self) -> Pool:
        """Connections for keys and short reads."""
        return self.database.pool

    @property
    def first(self) -> OnePool:
        """The same to the first database, for what is not of one tenant."""
        return self.database.pools[0]

    @property
    def store(self) -> PostgresEventStore:
        """The event store, whose `vault` seals."""
        return self.database.store


async def open_infrastructure(settings: Settings, stack: AsyncExitStack) -> Infrastructure:
    """Everything of the API server that is reached over a network; closed by the stack, in reverse."""
    process = process_name()
    database = await open_database(settings, stack, process)
    s3 = await stack.enter_async_context(open_aws("s3", settings.bucket_owner))
    dynamodb = await stack.enter_async_context(open_aws("dynamodb"))
    if settings.tenant_role:
        sts = await stack.enter_async_context(open_aws("sts"))
        own = TenantCredentials(sts, settings.tenant_role, table=settings.table, bucket=settings.bucket)
        for client in (s3, dynamodb):
            own.sign_requests_of(client)
    return Infrastructure(
        settings=settings,
        process=process,
        database=database,
        writers=await open_pools([one.writer for one in database.all_logins], LEASES, stack),
        searches=database.leading(await open_pools([one.app for one in database.all_logins], SEARCHES, stack)),
        datasets=await _open_datasets(database, stack),
        bedrock=await stack.enter_async_context(open_bedrock()),
        s3=s3,
        cache=await _open_cache(settings, stack),
        dynamodb=dynamodb,
    )


async def open_database(
    settings: Settings, stack: AsyncExitStack, process: str, *, worker: bool = False, follows: bool = False
) -> Database:
    """What every process of the product needs. Whoever reads the log as it grows `follows` it. Whoever serves databases
    one by one gives the settings of one (see `lanes.py`)."""
    databases = await databases_of(settings, worker=worker)
    logins = [await find_logins(*await _database_urls(one, stack), worker=worker) for one in databases]
    pools = await open_pools([one.app for one in logins], POOL_SIZE, stack)
    directory = LaneDirectory(pools[0], len(pools)) if len(pools) > 1 else None
    pool: Pool = LanePools(pools, directory) if directory else pools[0]
    seeing_all = None
    if logins[0].worker is not None:
        [seeing_all] = await open_pools([logins[0].worker], POOL_SIZE, stack)
    kms = await stack.enter_async_context(open_aws("kms"))
    opening = open_event_store(
        logins,
        pool,
        KmsKeyAuthority(kms),
        lanes=settings.lanes,
        owner=process,
        lease_s=settings.lease_s,
        follows=follows,
        worker=seeing_all,
    )
    store = await stack.enter_async_context(opening)
    expect_outcomes(KINDS)
    show_quotas(settings.model_quotas)
    store.on_stored(observer(settings, stack), untraced if settings.traces == "off" else current_trace)
    return Database(logins, pools, pool, seeing_all, store, kms, directory)


async def open_pools(logins: Sequence[Login], size: int, stack: AsyncExitStack) -> list[OnePool]:
    """A pool of `size` connections for each."""
    return [await stack.enter_async_context(open_pool(login, max_size=size)) for login in logins]


async def _database_urls(settings: Settings, stack: AsyncExitStack) -> tuple[str, dict[str, str], str]:
    """The owner's URL, each part's, and PostgreSQL's own; with tokens for passwords where a setting wants that."""
    owner, given, direct = settings.database_url, settings.login_urls, settings.database_direct_url
    if not settings.database_iam:
        return owner, given, direct
    tokens = database_tokens(await stack.enter_async_context(open_aws("rds")))
    wanted = [*given.values(), *(session_url(url, direct) for url in given.values())]
    file = await stack.enter_async_context(passwords(wanted, tokens))
    return owner, {part: reading(url, file) for part, url in given.items()}, reading(direct, file)


async def _open_datasets(database: Database, stack: AsyncExitStack) -> PostgresDatasets:
    """Datasets with connections of their own: a few to load rows, which takes minutes, and a few for questions."""
    loads = await open_pools([one.app for one in database.all_logins], LOADS, stack)
    asks = await open_pools([one.tools for one in database.all_logins], TOOLS, stack)
    tools = ToolQueries(database.leading(asks))
    stack.push_async_callback(tools.close)
    return PostgresDatasets(database.leading(loads), tools)


async def _open_cache(settings: Settings, stack: AsyncExitStack) -> Any:
    """A client of Valkey, which need not be there: what is kept in it is missed, not awaited. `ClusterMode`."""
    url = settings.valkey_url or "valkey://127.0.0.1:1"
    cache = valkey.asyncio.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
    stack.push_async_callback(cache.aclose)
    await refuse_cluster(cache)
    return cache
