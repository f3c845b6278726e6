"""The composition of the audit tree: the job that grows and anchors it, what checks and exports it from a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from adapters.hooks.audit_hook import open_hook
from adapters.jose.head_keys import FileHeadKeys, create_head_keys
from adapters.postgres.lane_directory import HeldTenants
from adapters.postgres.user_names import PostgresUserNames
from adapters.s3.anchors import S3Anchors
from api.composition.aws_client import open_aws
from api.composition.infrastructure import open_database, process_name
from api.composition.lanes import databases_of
from api.composition.token_wiring import key_path
from api.settings import Settings
from application.ports.facts.audit_heads import HeadKeys, HeadVerifier
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.users import Users
from projections.audit_tree.anchoring import Anchoring
from projections.audit_tree.export import AuditExport
from projections.audit_tree.growth import TreeGrowth
from projections.audit_tree.job import AuditJob
from projections.audit_tree.own_anchors import OwnAnchors
from projections.audit_tree.proofs import TreeProofs
from projections.audit_tree.verification import Verification


def head_key_path(settings: Settings) -> Path:
    """Where the keys of heads are: the setting, else a file beside the keys of tokens."""
    return (
        Path(settings.audit_keys_file) if settings.audit_keys_file else key_path(settings).with_name("audit-keys.json")
    )


def public_head_keys(settings: Settings) -> list[dict[str, Any]]:
    """The public keys of heads, the current one first; the first are made where there are none."""
    create_head_keys(head_key_path(settings))
    return FileHeadKeys(head_key_path(settings)).public_keys()


def head_keys(settings: Settings) -> HeadKeys:
    """The keys, read when they are first needed."""
    return FileHeadKeys(head_key_path(settings))


@asynccontextmanager
async def open_anchors(settings: Settings) -> AsyncIterator[S3Anchors]:
    """The store of anchors. A bucket of its own may well be another account's."""
    async with open_aws("s3", "" if settings.audit_bucket else settings.bucket_owner) as s3:
        yield S3Anchors(s3, settings.anchor_bucket, settings.audit_retain_days)


@asynccontextmanager
async def open_audit_job(
    settings: Settings, store: PostgresEventStore, pool: Pool, session_url: str, held: HeldTenants
) -> AsyncIterator[AuditJob]:
    """The job, on the worker's pool; `held` says whose logs its database has."""
    async with open_anchors(settings) as kept:
        anchors, keys = OwnAnchors(kept, held.among), head_keys(settings)
        yield AuditJob(
            pool,
            session_url,
            TreeGrowth(store, pool, keys),
            Anchoring(pool, anchors, open_hook(settings.audit_hook)),
            Verification(pool, store, keys, anchors, settings.lanes),
            lanes=settings.lanes,
            anchor_s=settings.audit_anchor_s,
        )


@dataclass(frozen=True)
class AuditTools:
    """What `colloquy audit export` works with."""

    proofs: TreeProofs
    export: AuditExport
    keys: HeadVerifier
    users: Users
    note_read: NoteAuditReadHandler


@asynccontextmanager
async def open_verifications(
    settings: Settings, *, anchors: bool = True
) -> AsyncIterator[list[tuple[Verification, Pool]]]:
    """What checks the logs of each database, with the login that keeps what it came to; without `anchors` the databases
    alone are looked at."""
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(open_anchors(settings)) if anchors else None
        found: list[tuple[Verification, Pool]] = []
        for number, one in enumerate(await databases_of(settings)):
            database = await open_database(one, stack, process_name(), worker=True)
            assert database.worker is not None, "it was asked for"
            held = HeldTenants(found[0][1] if found else database.worker, number)
            own = OwnAnchors(kept, held.among) if kept else None
            check = Verification(database.worker, database.store, head_keys(settings), own, settings.lanes)
            found.append((check, database.worker))
        yield found


@asynccontextmanager
async def open_audit_tools(settings: Settings) -> AsyncIterator[AuditTools]:
    """What takes logs out, from a terminal."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack, process_name(), worker=True)
        store, keys = database.store, head_keys(settings)
        users = Users(store.vault, PostgresUserNames(database.pool), store)
        stack.push_async_callback(users.close)
        yield AuditTools(
            proofs=TreeProofs(database.pool),
            export=AuditExport(database.pool, store, store.lanes),
            keys=keys,
            users=users,
            note_read=NoteAuditReadHandler(store),
        )
