"""Opens the rooms of sessions and of what is read of them: those that live, and the views of all."""

from __future__ import annotations

from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.postgres.known_exchanges import PostgresKnownExchanges
from api.composition.audit_wiring import head_keys
from api.composition.infrastructure import Infrastructure
from api.composition.replicas import Replication
from api.composition.shared import Shared
from api.services import ReadServices, SessionServices
from application.answer_cache.answer_cache import AnswerCache
from application.files.delete_file import DeleteFile
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tenants.note_audit_read import NoteAuditReadHandler
from projections.audit_reads import AuditReads
from projections.audit_tree.export import AuditExport
from projections.audit_tree.proofs import TreeProofs
from projections.cost_reads import CostReads
from projections.session_reads import SessionReads


def open_reads(on: Infrastructure) -> ReadServices:
    """What routes that only read work with."""
    store, items = on.store, DynamoSessionItems(on.dynamodb, on.settings.table)
    return ReadServices(
        session_reads=SessionReads(store, items, store.vault, on.pool),
        costs=CostReads(on.pool, store),
        audit=AuditReads(on.pool, store),
        tree=TreeProofs(on.pool),
        export=AuditExport(on.pool, store, store.lanes),
        head_keys=head_keys(on.settings),
        note_audit_read=NoteAuditReadHandler(store),
    )


def open_sessions(
    on: Infrastructure,
    shared: Shared,
    cache: AnswerCache,
    reads: ReadServices,
    files: DeleteFile,
    replication: Replication,
) -> SessionServices:
    """What sockets and routes of one session work with; a session that is erased is gone from `cache` and `reads`, and
    its `files` with it."""
    live, exchanges = shared.sessions, PostgresKnownExchanges(on.pool)
    return SessionServices(
        live=live,
        watching=replication.follow,
        open_session=OpenSessionHandler(live, shared.tenants),
        rename_session=RenameSessionHandler(),
        fork_session=ForkSessionHandler(on.store, live, shared.tenants),
        erase_session=EraseSessionHandler(
            on.store, live, shared.tail, cache, files, exchanges, reads.session_reads.erase
        ),
    )
