"""Erasure on fakes: a tenant with users who have sessions, files, documents, incidents, keys and browsers."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from adapters.files.scratch import UnnamedFiles
from application.answer_cache.answer_cache import AnswerCache
from application.clock import new_id
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.readable_documents import ReadableDocuments
from application.erasure.erase_own import EraseOwn
from application.erasure.erase_tenant import EraseTenant
from application.erasure.erase_user import EraseUser
from application.erasure.expire import Expire
from application.erasure.receipts import Receipts
from application.erasure.take_away import TakeAway
from application.execute import SESSION, TENANT, Context, LoadedAggregate, execute
from application.ports.facts.event_store import ErasableStore
from application.ports.tenants.tenants import TenantRow
from application.revocations import Revocations
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.live_session import LiveSessions
from application.shredding import FinishShredding
from application.tenants.api_keys import ApiKeys
from application.tenants.cached_tenants import CachedTenants
from application.tenants.create_api_key import CreateApiKeyHandler
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from domain.access import Principal
from domain.erasures import ErasureCompleted
from domain.event import Event, StreamId
from domain.session import events as e
from domain.tenant import rules
from domain.tenant.commands import CreateTenant
from tests.application.documents.harness import InMemoryBlobs
from tests.application.files.harness import FileHouse
from tests.application.incidents.harness import IncidentHouse
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_api_key_uses import InMemoryApiKeyUses
from tests.fakes.in_memory_console_sign_ins import InMemoryConsoleSignIns
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.in_memory_directory import InMemoryDirectory
from tests.fakes.in_memory_due_tenants import InMemoryDueTenants
from tests.fakes.in_memory_known_exchanges import InMemoryKnownExchanges
from tests.fakes.in_memory_renewal import InMemoryRenewal
from tests.fakes.in_memory_revocations import InMemoryRevocations
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.small_ports import FixedTenants, NoTail

ACME = "01977c9e-1111-7000-8000-000000000001"
ADMIN = Principal(ACME, "~admin", frozenset({"admin"}), 2e9)
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def finishing(renewal: InMemoryRenewal, blobs: InMemoryBlobs) -> FinishShredding:
    return FinishShredding(renewal, blobs, UnnamedFiles(Path(tempfile.gettempdir())))


def erasing_own(store: ErasableStore, sessions: LiveSessions, erase_session: EraseSessionHandler) -> EraseOwn:
    """Erases sessions, where there are no documents and no copies of the database."""
    blobs = InMemoryBlobs()
    documents = DeleteDocumentHandler(store, blobs, None, None)  # type: ignore[arg-type]
    return EraseOwn(erase_session, sessions, documents, Receipts(store, finishing(InMemoryRenewal(), blobs)))


class NotedRows:
    """`TenantRows`: only whose are gone."""

    def __init__(self) -> None:
        self.erased: list[str] = []

    async def erase(self, tenant: str) -> None:
        self.erased.append(tenant)


class ErasureHouse:
    """The handlers over one set of fakes."""

    def __init__(self) -> None:
        self.files = FileHouse()
        self.store, self.blobs = self.files.store, self.files.blobs
        self.sealer = InMemorySealer(self.store.shredded)
        self.tenants, self.directory = CachedTenants(self.store), InMemoryDirectory()
        self.users, self.console = users_on(self.sealer, self.store), InMemoryConsoleSignIns()
        self.live, self.views = LiveSessions(self.store, NoTail()), list[str]()
        self.revocations = Revocations(InMemoryRevocations(), 960)
        self.exchanges, self.rows, self.renewal = InMemoryKnownExchanges(), NotedRows(), InMemoryRenewal()
        self.incidents = IncidentHouse(self.store, self.tenants)
        keys = ApiKeys(self.tenants, self.users, InMemoryApiKeyUses())
        self.create_key = CreateApiKeyHandler(self.store, self.tenants, self.users)
        erase_session = EraseSessionHandler(
            self.store, self.live, NoTail(), AnswerCache(InMemoryExactCache(), InMemorySemanticCache(), self.sealer),
            self.files.delete, self.exchanges, self._erase_view,
        )  # fmt: skip
        corpus = InMemoryCorpus()
        documents = DeleteDocumentHandler(self.store, self.blobs, corpus, ReadableDocuments(FixedTenants(), corpus))
        self.receipts = Receipts(self.store, finishing(self.renewal, self.blobs))
        self.take_away = TakeAway(
            self.store, self.store, self.live, erase_session, self.files.delete, self.files.kept, documents
        )
        revoke = RevokeApiKeyHandler(self.store, self.tenants, keys)
        self.own = EraseOwn(erase_session, self.live, documents, self.receipts)
        self.user = EraseUser(
            self.store, self.take_away, self.tenants, revoke, self.console, self.users, self.revocations, self.receipts
        )
        self.tenant = EraseTenant(
            self.store, self.store, self.take_away, self.renewal, self.rows, self.blobs, self.directory, self.tenants,
            self.revocations, self.receipts,
        )  # fmt: skip
        self.expire = Expire(
            self.directory, InMemoryDueTenants(self.files.register, self.renewal), self.tenants, self.store,
            self.files.register, self.take_away, self.receipts, lambda: self.at,
        )  # fmt: skip
        self.at = NOW

    async def _erase_view(self, tenant: str, session: str, version: int) -> None:
        self.views.append(session)

    async def opened(self) -> None:
        """The tenant is there."""
        await self.directory.add(TenantRow(tenant_id=ACME, name="Acme", created_at=NOW))
        command, stream = CreateTenant(name="Acme"), f"{ACME}/tenant/{ACME}"
        await execute(self.store, stream, TENANT, lambda state: rules.create_tenant(state, command), Context("~op"))

    async def session(self, user: str, *facts: Event, id: str = "") -> str:
        """The id of a session of the user's (a pseudonym) with these facts."""
        stream = StreamId(ACME, "session", id or new_id())
        await LoadedAggregate(self.store, str(stream), SESSION).append(
            [e.SessionOpened(user=user, assistant="default"), *facts], Context(user)
        )
        return stream.id

    def receipts_stored(self) -> list[ErasureCompleted]:
        """All that were ever stored."""
        return [fact.event for fact in self.store.log if isinstance(fact.event, ErasureCompleted)]

    def shredded(self, kind: str) -> set[str]:
        """Ids of streams of a kind whose keys are gone."""
        return {id for _, of, id in (stream.split("/") for stream in self.store.shredded) if of == kind}
