"""Opens the room of erasure: what takes things away, in all stores at once."""

from __future__ import annotations

from adapters.files.scratch import UnnamedFiles
from adapters.postgres.due_tenants import PostgresDueTenants
from adapters.postgres.files import PostgresFiles
from adapters.postgres.tenant_rows import PostgresTenantRows
from adapters.s3.blobs import S3Blobs
from api.composition.files import Files
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.services import DocumentServices, ErasureServices, SessionServices, TenantServices
from application.erasure.erase_own import EraseOwn
from application.erasure.erase_tenant import EraseTenant
from application.erasure.erase_user import EraseUser
from application.erasure.expire import Expire
from application.erasure.receipts import Receipts
from application.erasure.take_away import TakeAway
from application.shredding import FinishShredding


def open_erasure(
    on: Infrastructure,
    shared: Shared,
    files: Files,
    sessions: SessionServices,
    documents: DocumentServices,
    tenants: TenantServices,
) -> ErasureServices:
    """What routes and the round of retention work with."""
    store, keys, live = on.store, on.store.vault.renewal, shared.sessions
    blobs = S3Blobs(on.s3, on.settings.bucket)
    receipts = Receipts(store, FinishShredding(keys, blobs, UnnamedFiles(on.settings.spool_path)))
    erase_session, delete_document = sessions.erase_session, documents.delete_document
    take_away = TakeAway(store, store, live, erase_session, files.services.delete_file, files.kept, delete_document)
    register = PostgresFiles(on.pool, store.vault)
    rows, directory = PostgresTenantRows(on.pool), tenants.directory
    return ErasureServices(
        erase_own=EraseOwn(erase_session, live, delete_document, receipts),
        erase_user=EraseUser(
            store,
            take_away,
            shared.tenants,
            tenants.revoke_api_key,
            shared.console,
            shared.users,
            shared.revocations,
            receipts,
        ),
        erase_tenant=EraseTenant(
            store, store, take_away, keys, rows, blobs, directory, shared.tenants, shared.revocations, receipts
        ),
        expire=Expire(
            directory, PostgresDueTenants(on.database.pools), shared.tenants, store, register, take_away, receipts
        ),
    )
