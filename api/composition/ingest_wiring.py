"""The composition of the `ingest` job: documents read as they come."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from adapters.bedrock.client import open_bedrock
from adapters.extract.pool import open_extractor
from adapters.files.scratch import UnnamedFiles
from adapters.postgres.claims import Claims
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.pending_documents import PostgresPendingDocuments
from adapters.s3.blobs import S3Blobs
from api.composition.aws_client import open_aws
from api.composition.infrastructure import Database, open_database, process_name
from api.composition.job_health import told
from api.composition.lanes import databases_of
from api.composition.shared import open_detector, open_embedder, open_names, watched_walls
from api.settings import Settings
from application.documents.index_document import IndexDocument
from application.documents.ingest_worker import IngestWorker
from application.documents.known_names import LearnNames
from application.documents.refresh_words import RefreshWords
from application.ports.documents.extractor import Extractor
from application.ports.models.detector import Detector
from application.ports.models.model import Embedder
from application.redaction.embeddable import Embeddable
from application.tenants.cached_tenants import CachedTenants


async def run_ingest(settings: Settings, stop: asyncio.Event) -> None:
    """Read documents as they come, until `stop` is set."""
    async with AsyncExitStack() as stack:
        bedrock = await stack.enter_async_context(open_bedrock())
        reading = DocumentReading(
            blobs=S3Blobs(await stack.enter_async_context(open_aws("s3", settings.bucket_owner)), settings.bucket),
            extractor=await stack.enter_async_context(open_extractor(max_pages=settings.max_document_pages)),
            embedder=open_embedder(settings, bedrock),
            detector=open_detector(settings, bedrock, open_names(settings, stack)),
        )
        watched_walls(stack)
        opened = [await open_database(one, stack, process_name(), worker=True) for one in await databases_of(settings)]
        workers = [ingest_worker(settings, database, reading, stack) for database in opened]
        pools = [database.worker for database in opened if database.worker is not None]
        keeps = await stack.enter_async_context(told(settings, pools, "ingest"))
        async with asyncio.TaskGroup() as group:
            for worker, keep in zip(workers, keeps, strict=True):
                group.create_task(worker.run(stop, keep))


@dataclass(frozen=True)
class DocumentReading:
    """What documents are read with, of whichever database."""

    blobs: S3Blobs
    extractor: Extractor
    embedder: Embedder
    detector: Detector


def ingest_worker(
    settings: Settings, database: Database, reading: DocumentReading, stack: AsyncExitStack
) -> IngestWorker:
    """What reads the documents of one database."""
    store = database.store
    assert database.worker is not None and database.logins.worker is not None, "they were asked for"
    claims = Claims(database.worker, database.logins.worker)
    stack.push_async_callback(claims.close)
    corpus = PostgresCorpus(database.pool, store.vault, dimensions=settings.embedding_dimensions)
    tenants = CachedTenants(store)
    read = IndexDocument(
        store=store,
        sealer=store.vault,
        blobs=reading.blobs,
        scratch=UnnamedFiles(settings.spool_path),
        corpus=corpus,
        extractor=reading.extractor,
        embedder=reading.embedder,
        embeddable=Embeddable(reading.detector, tenants),
        tenants=tenants,
    )
    pending = PostgresPendingDocuments(claims, store.vault)
    learn = LearnNames(pending, corpus, store, store.vault)
    return IngestWorker(pending, read, RefreshWords(pending, corpus), learn)
