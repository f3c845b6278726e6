"""The composition of what looks at the ledger from a terminal: `colloquy reconcile`, `what-if` and `tenant price`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from adapters.bedrock_logs.log_files import FolderInvocationLogs
from adapters.bedrock_logs.log_objects import S3InvocationLogs
from adapters.postgres.reconciliations import keep_report
from api.composition.aws_client import open_aws
from api.composition.infrastructure import open_database, process_name
from api.settings import Settings
from application.ports.models.invocation_logs import InvocationLogs
from application.reconciliation.reconcile import Reconcile
from application.reconciliation.reprice import Reprice
from projections.cost_reads import CostReads


@asynccontextmanager
async def open_reconcile(settings: Settings, place: str) -> AsyncIterator[Reconcile]:
    """The event store, and the invocation logs: `place` is a folder or `s3://BUCKET/PREFIX`."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True)
        assert database.worker is not None, "it was asked for"
        keep = partial(keep_report, database.worker)
        yield Reconcile(database.store, await _open_logs(place, stack), settings.all_lanes, keep)


@asynccontextmanager
async def open_cost_reads(settings: Settings) -> AsyncIterator[CostReads]:
    """The costs as analysts read them."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name())
        yield CostReads(database.pool, database.store)


@asynccontextmanager
async def open_reprice(settings: Settings) -> AsyncIterator[Reprice]:
    """The event store, for prices that tenants have agreed on."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True)
        yield Reprice(database.store, settings.all_lanes)


async def _open_logs(place: str, stack: AsyncExitStack) -> InvocationLogs:
    url = urlsplit(place)
    if url.scheme == "s3":
        return S3InvocationLogs(await stack.enter_async_context(open_aws("s3")), url.netloc, url.path)
    return FolderInvocationLogs(Path(place))
