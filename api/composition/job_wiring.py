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
from adapters.postgres.lane_directory import HeldTenants
from adapters.postgres.user_names import PostgresUserNames
from api.composition.audit_wiring import open_audit_job
from api.composition.aws_client import open_aws
from api.composition.infrastructure import open_database, process_name
from api.composition.job_health import told
from api.composition.lanes import databases_of
from api.composition.token_wiring import derivation_secrets
from api.settings import Settings
from api.telemetry.observing import around_batches
from api.telemetry.trace import traceparent_of
from application.ports.facts.event_pipe import EventPipe
from application.tasks import Loops
from application.users import Users
from projections.audit import Audit
from projections.beats import Keep
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
async def open_projecting(settings: Settings, job: str = "project", database: int = 0) -> AsyncIterator[Projecting]:
    """Everything opened, for the relay or for who projects; NATS and DynamoDB need not be there yet. The settings are
    those of one database, the one of this number."""
    async with AsyncExitStack() as stack:
        opened = await open_database(settings, stack, process_name(), worker=True, follows=True)
        store, pool, login = opened.store, opened.worker, opened.logins.worker
        assert pool is not None and login is not None, "they were asked for"
        opening = open_pipe(
            settings.nats_url,
            derivation_secrets(settings),
            job=job,
            credentials=settings.nats_credentials,
            max_bytes=settings.nats_stream_mb << 20,
            replicas=settings.nats_replicas,
            context=uncaused if settings.traces == "off" else lambda fact: traceparent_of(store.heading(fact)),
            first_lane=database * settings.lanes,
        )
        pipe = await stack.enter_async_context(opening)
        dynamodb = await stack.enter_async_context(open_aws("dynamodb"))
        items = DynamoSessionItems(dynamodb, settings.table)
        users = Users(store.vault, PostgresUserNames(opened.pool), store)
        models: Sequence[ReadModel] = (
            SessionView(store, pool, items, store.vault, users),
            Costs(store, pool, users),
            Audit(store, pool),
        )
        around, by_name = around_batches(settings, stack, store.heading), {model.name: model for model in models}
        yield Projecting(settings, store, pool, login.session_url, pipe, by_name, around)


@asynccontextmanager
async def open_all(settings: Settings, job: str) -> AsyncIterator[list[tuple[Projecting, Keep]]]:
    """The same of each database, with what takes the loops that serve it."""
    async with AsyncExitStack() as stack:
        databases = enumerate(await databases_of(settings))
        opened = [await stack.enter_async_context(open_projecting(one, job, number)) for number, one in databases]
        keeps = await stack.enter_async_context(told(settings, [one.pool for one in opened], job))
        yield list(zip(opened, keeps, strict=True))


async def run_relay(settings: Settings, stop: asyncio.Event) -> None:
    """The `relay` job."""

    async def relay(number: int, p: Projecting, keep: Keep) -> None:
        first, places = number * settings.lanes, PostgresPlaces(p.pool)
        relay = Relay(p.store, p.pipe, places, leading(p.session_url), lanes=settings.lanes, first=first)
        await relay.run(stop, keep)

    async with open_all(settings, "relay") as databases, asyncio.TaskGroup() as group:
        for number, (p, keep) in enumerate(databases):
            group.create_task(relay(number, p, keep))


async def run_projections(settings: Settings, stop: asyncio.Event, names: Sequence[str] = ()) -> None:
    """The `project` job."""

    async def project(p: Projecting, tell: Keep, held: HeldTenants) -> None:
        if names and Audit.name not in names:
            await p.job(names).run(stop, tell)
            return
        async with open_audit_job(p.settings, p.store, p.pool, p.session_url, held) as audit:

            def keep(loops: Loops) -> None:
                audit.keep(loops)
                tell(loops)

            await p.job(names).run(stop, keep)

    async with open_all(settings, "project") as databases, asyncio.TaskGroup() as group:
        for number, (p, tell) in enumerate(databases):
            group.create_task(project(p, tell, HeldTenants(databases[0][0].pool, number)))
