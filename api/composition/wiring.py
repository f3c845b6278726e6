"""The composition root: settings to services; the only place that names an adapter."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import valkey.asyncio

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.confinement.probe import walls_here
from adapters.database_login import Logins
from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.eventstore.leases import PostgresLeases
from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.extract.pool import open_extractor
from adapters.files.scratch import UnnamedFiles
from adapters.kms.authority import KmsKeyAuthority
from adapters.pii.combined import CombinedDetector
from adapters.pii.guardrails import GuardrailsDetector
from adapters.pii.rule_detector import RuleDetector
from adapters.postgres.claims import Claims
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.datasets import PostgresDatasets
from adapters.postgres.logins import find_logins
from adapters.postgres.pool import Pool, open_pool
from adapters.postgres.semantic_cache import PostgresSemanticCache
from adapters.postgres.tenants import PostgresTenantDirectory
from adapters.postgres.tool_queries import ToolQueries
from adapters.postgres.user_names import PostgresUserNames
from adapters.s3.blobs import S3Blobs
from adapters.tabular.reader import ProcessTableReader
from adapters.valkey.console_sign_ins import ValkeyConsoleSignIns
from adapters.valkey.exact_cache import ValkeyExactCache
from adapters.valkey.feed_tail import ValkeyFeedTail
from adapters.valkey.reservations import ValkeyReservations
from adapters.valkey.step_replies import ValkeyStepReplies
from adapters.valkey.tickets import ValkeyTickets
from adapters.webhook.webhooks import open_webhooks
from api.composition.aws_client import open_aws
from api.composition.token_wiring import derivation_secrets, link_audience, token_verifier
from api.composition.turn_wiring import TurnParts, put_together
from api.connections.address_limits import address_limits
from api.connections.frame_rates import FrameRates
from api.connections.registry import Sockets
from api.health_checks import Dependencies, health_checks
from api.readiness import Readiness
from api.services import Services
from api.settings import Settings
from api.telemetry import event_metrics, metrics
from api.telemetry.parser_walls import ParserWalls
from application.budget.process_limits import Admission
from application.byte_room import ByteRoom
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.index_document import IndexDocument
from application.documents.ingest_worker import IngestWorker
from application.documents.search_documents import SearchDocumentsHandler
from application.ports.detector import Detector
from application.redaction.embeddable import Embeddable
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tasks import Loops, TaskSet
from application.tenants.cached_tenants import CachedTenants
from application.tenants.create_tenant import CreateTenantHandler
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.delete_dataset import DeleteDatasetHandler
from application.tenants.delete_tool import DeleteToolHandler
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.tenants.put_assistant import PutAssistantHandler
from application.tenants.put_budget import PutBudgetHandler
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_tool import PutToolHandler
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.drain import Drain
from application.turns.give_feedback import GiveFeedbackHandler
from application.turns.recover_turns import RecoverTurns
from application.users import Users
from projections.audit_reads import AuditReads
from projections.cost_reads import CostReads
from projections.lag import LagGauges
from projections.session_reads import SessionReads
from projections.spending import LedgerSpending

POOL_SIZE = 12
LEASES, SEARCHES, LOADS, TOOLS = 2, 6, 2, 4
"""Connections of what must not wait for each other, nor for keys and short reads; the event store has its own."""
GAUGES_S = 5.0
MIRROR_S = 0.5
"""Between two times that feeds are sent to their tails."""
WATCH_S = 1.0
SWEEP_S = 30.0
SNIFF_S = 15.0
TEXTS, TEXT_BYTES = 8, 64 * 1024 * 1024
"""Whole documents that are given out at a time, and the bytes of their files."""


def process_name() -> str:
    """A name for this process among all replicas, never used twice."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the API server works with, opened in order, closed in reverse, with its background loops."""
    async with AsyncExitStack() as stack:
        process = process_name()
        database = await open_database(settings, stack, process)
        writer = await stack.enter_async_context(open_pool(database.logins.writer, max_size=LEASES))
        searches = await stack.enter_async_context(open_pool(database.logins.app, max_size=SEARCHES))
        datasets = await open_datasets(database.logins, stack)
        bedrock = await stack.enter_async_context(open_bedrock())
        s3 = await stack.enter_async_context(open_aws("s3"))
        cache = valkey.asyncio.from_url(
            settings.valkey_url or "valkey://127.0.0.1:1", socket_timeout=0.5, socket_connect_timeout=0.5
        )
        stack.push_async_callback(cache.aclose)
        dynamodb = await stack.enter_async_context(open_aws("dynamodb"))
        yield await _assemble(
            settings, stack, database, writer, searches, datasets, process, bedrock, s3, dynamodb, cache
        )


@dataclass(frozen=True)
class Database:
    """The event store with its keys' KMS, and pools of the database. A process that answers people has no `worker`:
    it sees one tenant a transaction, whatever it is asked."""

    logins: Logins
    pool: Pool
    worker: Pool | None
    store: PostgresEventStore
    kms: Any


async def open_database(
    settings: Settings, stack: AsyncExitStack, process: str, *, worker: bool = False, follows: bool = False
) -> Database:
    """What every process of the product needs. Whoever reads the log as it grows `follows` it."""
    logins = await find_logins(settings.database_url, settings.login_urls, settings.database_direct_url, worker=worker)
    pool = await stack.enter_async_context(open_pool(logins.app, max_size=POOL_SIZE))
    seeing_all = None
    if logins.worker is not None:
        seeing_all = await stack.enter_async_context(open_pool(logins.worker, max_size=POOL_SIZE))
    kms = await stack.enter_async_context(open_aws("kms"))
    authority = KmsKeyAuthority(kms)
    store = await stack.enter_async_context(
        open_event_store(
            logins,
            pool,
            authority,
            lanes=settings.lanes,
            owner=process,
            lease_s=settings.lease_s,
            follows=follows,
            worker=seeing_all,
        )
    )
    return Database(logins, pool, seeing_all, store, kms)


async def open_datasets(logins: Logins, stack: AsyncExitStack) -> PostgresDatasets:
    """Datasets with connections of their own: a few to load rows, which takes minutes, and a few for questions."""
    loads = await stack.enter_async_context(open_pool(logins.app, max_size=LOADS))
    tools = ToolQueries(await stack.enter_async_context(open_pool(logins.tools, max_size=TOOLS)))
    stack.push_async_callback(tools.close)
    return PostgresDatasets(loads, tools)


async def run_ingest(settings: Settings, stop: asyncio.Event) -> None:
    """Read documents as they come, until `stop` is set."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True)
        store = database.store
        bedrock = await stack.enter_async_context(open_bedrock())
        assert database.worker is not None and database.logins.worker is not None, "they were asked for"
        claims = Claims(database.worker, database.logins.worker)
        stack.push_async_callback(claims.close)
        corpus = PostgresCorpus(database.pool, store.vault, claims, dimensions=settings.embedding_dimensions)
        read = IndexDocument(
            store=store,
            sealer=store.vault,
            blobs=S3Blobs(await stack.enter_async_context(open_aws("s3")), settings.bucket),
            scratch=UnnamedFiles(settings.spool_path),
            corpus=corpus,
            extractor=await stack.enter_async_context(open_extractor(max_pages=settings.max_document_pages)),
            embedder=BedrockEmbedder(bedrock, settings.model_embedding, settings.embedding_dimensions),
            embeddable=Embeddable(open_detector(settings, bedrock), CachedTenants(store)),
        )
        watched_walls(stack)
        await IngestWorker(corpus, read).run(stop)


def watched_walls(stack: AsyncExitStack) -> ParserWalls:
    """What is known of the walls round parsers: they are tried while the process goes on."""
    walls, tasks = ParserWalls(walls_here), TaskSet("parser_walls")
    stack.push_async_callback(tasks.end)
    tasks.start(walls.look())
    return walls


async def _assemble(
    settings: Settings,
    stack: AsyncExitStack,
    database: Database,
    writer: Pool,
    searches: Pool,
    datasets: PostgresDatasets,
    process: str,
    bedrock: Any,
    s3: Any,
    dynamodb: Any,
    cache: Any,
) -> Services:
    pool, store = database.pool, database.store
    model = BedrockLanguageModel(bedrock)
    embedder = BedrockEmbedder(bedrock, settings.model_embedding, settings.embedding_dimensions)
    corpus = PostgresCorpus(searches, store.vault, None, dimensions=settings.embedding_dimensions)
    blobs = S3Blobs(s3, settings.bucket)
    sniffer = await stack.enter_async_context(open_extractor(max_pages=0, queue_s=SNIFF_S))
    tenants = CachedTenants(store)
    directory = PostgresTenantDirectory(pool)
    users = Users(store.vault, PostgresUserNames(pool), store)
    stack.push_async_callback(users.close)
    tail = ValkeyFeedTail(cache, store.vault)
    sessions = LiveSessions(store, tail, event_metrics.count)
    admission = Admission(
        turns=settings.max_turns,
        turns_per_tenant=settings.max_turns_per_tenant,
        requests_per_minute=settings.requests_per_minute,
    )
    webhooks = await stack.enter_async_context(
        open_webhooks(loopback=settings.webhooks_to_loopback, hosts=settings.webhook_hosts)
    )
    detector = open_detector(settings, bedrock)
    turns = put_together(
        settings,
        TurnParts(
            store=store,
            sealer=store.vault,
            tenants=tenants,
            sessions=sessions,
            admission=admission,
            model=model,
            embedder=embedder,
            corpus=corpus,
            detector=detector,
            exact=ValkeyExactCache(cache),
            similar=PostgresSemanticCache(searches),
            replies=ValkeyStepReplies(cache),
            reservations=ValkeyReservations(cache),
            spending=LedgerSpending(pool),
            datasets=datasets,
            webhooks=webhooks,
        ),
    )
    create_turn = CreateTurnHandler(turns.gate, turns.prepare, turns.runner, store.vault)
    sockets = Sockets(settings.max_sockets, settings.max_sockets_per_tenant)
    recover = RecoverTurns(
        leases=PostgresLeases(writer, process, settings.lease_s),
        sessions=sessions,
        gate=turns.gate,
        prepare=turns.prepare,
        turns=turns.runner,
        users=users,
        sealer=store.vault,
        process=process,
    )
    session_reads = SessionReads(store, DynamoSessionItems(dynamodb, settings.table), store.vault, pool)

    loops = await stack.enter_async_context(Loops())
    lag = LagGauges(pool, store)

    def down() -> dict[str, str]:
        return store.down() | loops.down()

    async def refresh_gauges() -> None:
        event_metrics.show_breakers(turns.health)
        for name, why in down().items():
            metrics.loop_down.labels(name).set(bool(why))
        await lag.refresh()

    loops.every("gauges", GAUGES_S, refresh_gauges)
    loops.every("lease_renewal", settings.lease_s / 3, recover.renew)
    loops.every("recovery", settings.lease_s / 3, recover)
    loops.every("session_sweep", SWEEP_S, sessions.sweep)
    loops.every("socket_watch", WATCH_S, sockets.watch)
    loops.every("feed_mirror", MIRROR_S, sessions.mirror)
    walls = watched_walls(stack)
    dependencies = Dependencies(
        pool=pool, bedrock=bedrock, s3=s3, dynamodb=dynamodb, kms=database.kms, cache=cache, models=turns.health
    )
    return Services(
        settings=settings,
        store=store,
        sealer=store.vault,
        model=model,
        embedder=embedder,
        corpus=corpus,
        blobs=blobs,
        scratch=UnnamedFiles(settings.spool_path),
        text_room=ByteRoom(places=TEXTS, size=TEXT_BYTES),
        upload_room=ByteRoom(places=settings.max_uploads, size=settings.max_upload_bytes),
        pool=pool,
        tenants=tenants,
        sessions=sessions,
        admission=admission,
        sockets=sockets,
        addresses=address_limits(settings),
        frames=FrameRates(settings.frames_per_minute),
        open_session=OpenSessionHandler(sessions, tenants),
        rename_session=RenameSessionHandler(),
        fork_session=ForkSessionHandler(store, sessions, tenants),
        create_turn=create_turn,
        cancel_turn=CancelTurnHandler(),
        confirm_tool=ConfirmToolHandler(),
        give_feedback=GiveFeedbackHandler(turns.cache),
        drain=Drain(sessions, admission, turns.runner),
        verifier=token_verifier(settings),
        users=users,
        tickets=ValkeyTickets(cache, derivation_secrets(settings)),
        link_verifier=token_verifier(settings, link_audience(settings)),
        console=ValkeyConsoleSignIns(cache, derivation_secrets(settings)),
        directory=directory,
        create_tenant=CreateTenantHandler(store, store.vault, corpus, directory, users),
        put_assistant=PutAssistantHandler(store, tenants),
        put_tool=PutToolHandler(store, tenants, datasets, webhooks),
        put_dataset=PutDatasetHandler(store, tenants, datasets, ProcessTableReader()),
        delete_assistant=DeleteAssistantHandler(store, tenants),
        delete_tool=DeleteToolHandler(store, tenants),
        delete_dataset=DeleteDatasetHandler(store, tenants, datasets),
        put_budget=PutBudgetHandler(store, tenants),
        budgets=turns.gate,
        add_document=AddDocumentHandler(store, store.vault, blobs, corpus, sniffer),
        delete_document=DeleteDocumentHandler(store, blobs, corpus),
        search_documents=SearchDocumentsHandler(
            store, corpus, embedder, Embeddable(detector, tenants), settings.search_s
        ),
        erase_session=EraseSessionHandler(store, sessions, tail, turns.cache, session_reads.erase),
        session_reads=session_reads,
        costs=CostReads(pool, store),
        audit=AuditReads(pool, store),
        note_audit_read=NoteAuditReadHandler(store),
        metrics=metrics.Page(),
        readiness=Readiness(health_checks(settings, dependencies), down, lambda: walls.parts),
    )


def open_detector(settings: Settings, bedrock: Any) -> Detector:
    """What finds private values: our rules, and beside them a guardrail of Bedrock's where one is named."""
    rules = RuleDetector()
    if not settings.guardrail:
        return rules
    name, _, version = settings.guardrail.partition(":")
    return CombinedDetector((rules, GuardrailsDetector(bedrock, name, version or "DRAFT")))
