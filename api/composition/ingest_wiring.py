"""The composition of the `ingest` job: documents read as they come."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from adapters.bedrock.client import open_bedrock
from adapters.extract.pool import open_extractor
from adapters.files.scratch import UnnamedFiles
from adapters.postgres.claims import Claims
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.pending_documents import PostgresPendingDocuments
from adapters.s3.blobs import S3Blobs
from api.composition.aws_client import open_aws
from api.composition.infrastructure import open_database, process_name
from api.composition.job_health import told
from api.composition.shared import open_detector, open_embedder, open_names, watched_walls
from api.settings import Settings
from application.documents.index_document import IndexDocument
from application.documents.ingest_worker import IngestWorker
from application.documents.known_names import LearnNames
from application.documents.refresh_words import RefreshWords
from application.redaction.embeddable import Embeddable
from application.tenants.cached_tenants import CachedTenants


async def run_ingest(settings: Settings, stop: asyncio.Event) -> None:
    """Read documents as they come, until `stop` is set."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True)
        store = database.store
        bedrock = await stack.enter_async_context(open_bedrock())
        assert database.worker is not None and database.logins.worker is not None, "they were asked for"
        claims = Claims(database.worker, database.logins.worker)
        stack.push_async_callback(claims.close)
        corpus = PostgresCorpus(database.pool, store.vault, dimensions=settings.embedding_dimensions)
        tenants = CachedTenants(store)
        read = IndexDocument(
            store=store,
            sealer=store.vault,
            blobs=S3Blobs(await stack.enter_async_context(open_aws("s3", settings.bucket_owner)), settings.bucket),
            scratch=UnnamedFiles(settings.spool_path),
            corpus=corpus,
            extractor=await stack.enter_async_context(open_extractor(max_pages=settings.max_document_pages)),
            embedder=open_embedder(settings, bedrock),
            embeddable=Embeddable(open_detector(settings, bedrock, open_names(settings, stack)), tenants),
            tenants=tenants,
        )
        watched_walls(stack)
        pending = PostgresPendingDocuments(claims, store.vault)
        async with told(settings, database.worker, "ingest") as keep:
            learn = LearnNames(pending, corpus, store, store.vault)
            await IngestWorker(pending, read, RefreshWords(pending, corpus), learn).run(stop, keep)
