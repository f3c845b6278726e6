"""The composition of the background jobs: the relay and the projections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters.database_transactions import Pool
from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.eventstore.store import PostgresEventStore
from adapters.nats.pipe import open_pipe, uncaused
from adapters.postgres.user_names import PostgresUserNames
from api.composition.audit_wiring import open_audit_job
from api.composition.aws_client import open_aws
from api.composition.infrastructure import open_database, process_name
from api.composition.job_health import told
from api.composition.token_wiring import derivation_secrets
from api.settings import Settings
from api.telemetry.observing import around_batches
from api.telemetry.trace import traceparent_of
from application.ports.facts.event_pipe import EventPipe
from application.tasks import Loops
from application.users import Users
from projections.audit import Audit
from projections.costs import Costs
from projections.job import ProjectionJob
from projections.leadership import leading
from projections.places import PostgresPlaces
from projections.read_model import ReadModel
from projections.rebuild import Rebuilder
from projections.relay import Relay
from projections.runner import AroundBatch
from projections.session_view import SessionView


@dataclass(frozen=True)
class Projecting:
    """What the relay, the projections and their commands work with."""

    settings: Settings
    store: PostgresEventStore
    pool: Pool
    session_url: str
    pipe: EventPipe
    models: dict[str, ReadModel]
    around: AroundBatch

    def rebuilder(self, name: str) -> Rebuilder:
        """Builds generations of a read model; ValueError when there is none of that name."""
        return self.job([name]).rebuilder(self.models[name])

    def job(self, names: Sequence[str] = ()) -> ProjectionJob:
        """Prepares and feeds the read models `names`, or all of them; ValueError names one that is not there."""
        if unknown := set(names) - set(self.models):
            raise ValueError(f"no read model is named {unknown.pop()}; there are {', '.join(self.models)}")
        models = [self.models[name] for name in names or self.models]
        lanes, around = self.settings.lanes, self.around
        return ProjectionJob(self.store, self.pipe, self.pool, self.session_url, models, lanes=lanes, around=around)


@asynccontextmanager
async def open_projecting(settings: Settings, job: str = "project") -> AsyncIterator[Projecting]:
    """Everything opened, for the relay or for who projects; NATS and DynamoDB need not be there yet."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True, follows=True)
        store, pool, login = database.store, database.worker, database.logins.worker
        assert pool is not None and login is not None, "they were asked for"
        opening = open_pipe(
            settings.nats_url,
            derivation_secrets(settings),
            job=job,
            credentials=settings.nats_credentials,
            max_bytes=settings.nats_stream_mb << 20,
            replicas=settings.nats_replicas,
            context=uncaused if settings.traces == "off" else lambda fact: traceparent_of(store.heading(fact)),
        )
        pipe = await stack.enter_async_context(opening)
        dynamodb = await stack.enter_async_context(open_aws("dynamodb"))
        items = DynamoSessionItems(dynamodb, settings.table)
        users = Users(store.vault, PostgresUserNames(database.pool), store)
        models: Sequence[ReadModel] = (
            SessionView(store, pool, items, store.vault, users),
            Costs(store, pool, users),
            Audit(store, pool),
        )
        around, by_name = around_batches(settings, stack, store.heading), {model.name: model for model in models}
        yield Projecting(settings, store, pool, login.session_url, pipe, by_name, around)


async def run_relay(settings: Settings, stop: asyncio.Event) -> None:
    """The `relay` job."""
    async with open_projecting(settings, "relay") as p, told(settings, p.pool, "relay") as keep:
        await Relay(p.store, p.pipe, PostgresPlaces(p.pool), leading(p.session_url), lanes=settings.lanes).run(
            stop, keep
        )


async def run_projections(settings: Settings, stop: asyncio.Event, names: Sequence[str] = ()) -> None:
    """The `project` job."""
    async with open_projecting(settings) as p, told(settings, p.pool, "project") as tell:
        if names and Audit.name not in names:
            await p.job(names).run(stop, tell)
            return
        async with open_audit_job(settings, p.store, p.pool, p.session_url) as audit:

            def keep(loops: Loops) -> None:
                audit.keep(loops)
                tell(loops)

            await p.job(names).run(stop, keep)
