"""The routes over the read models, fed by hand, on the real store and database."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.store import PostgresEventStore
from api.services import Services
from application.acting_tenant import EVERY, acting_for
from application.answer_cache.answer_cache import AnswerCache
from application.clock import new_id
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tenants.cached_tenants import CachedTenants
from application.tenants.note_audit_read import NoteAuditReadHandler
from domain.session import events as e
from projections.audit import Audit
from projections.audit_reads import AuditReads
from projections.audit_tree.proofs import TreeProofs
from projections.cost_reads import CostReads
from projections.costs import Costs
from projections.lag import LagGauges
from projections.operations_reads import OperationsReads
from projections.read_model import ReadModel
from projections.runner import Follower
from projections.session_reads import SessionReads
from projections.session_view import SessionView
from tests.api.harness import asgi, bearer, make_services, operator
from tests.application.erasure.harness import erasing_own
from tests.application.files.harness import no_files
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_known_exchanges import InMemoryKnownExchanges
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.small_ports import NoTail
from tests.projections.histories import Writer, turn
from tests.projections.test_read_models import begin

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


@dataclass
class House:
    """A server's app over the real store, one tenant in it, and read models that are fed on demand."""

    services: Services
    store: PostgresEventStore
    tenant: str
    writer: Writer
    followers: list[Follower]
    client: httpx.AsyncClient

    async def feed(self) -> None:
        for follower in self.followers:
            await follower.catch_up(await self.store.head(0))

    async def get(self, path: str, *roles: str, tenant: str = "", **query: Any) -> httpx.Response:
        headers = bearer(self.services, roles or ["member"], tenant or self.tenant)
        if accept := query.pop("accept", ""):
            headers["Accept"] = accept
        return await self.client.get(path, headers=headers, params=query)

    async def operator(self, method: str, path: str, **given: Any) -> httpx.Response:
        """What the platform's operator asks."""
        with acting_for(EVERY):  # the app runs in this task, which goes on as it was
            return await self.client.request(method, path, headers=operator(self.services), **given)

    async def session(self, user: str = "ada", turns: int = 1, assistant: str = "default") -> str:
        id, draw = new_id(), random.Random(turns)
        facts = [e.SessionOpened(user=user, assistant=assistant)]
        await self.writer.append(self.stream(id), [*facts, *(f for n in range(turns) for f in turn(draw, n))], user)
        return id

    def stream(self, id: str) -> str:
        return f"{self.tenant}/session/{id}"


@pytest.fixture
async def house(
    store: PostgresEventStore, pool: Pool, worker: Pool, tenant: str, tmp_path: Path
) -> AsyncIterator[House]:
    items = InMemorySessionItems()
    models: list[ReadModel] = [
        SessionView(store, worker, items, store.vault, users_on(store.vault, store)),
        Costs(store, worker, users_on(store.vault, store)),
        Audit(store, worker),
    ]
    followers = [await begin(store, worker, model, live=True) for model in models]
    reads, sessions = SessionReads(store, items, store.vault, pool), LiveSessions(store, NoTail())
    tenants = CachedTenants(store)
    erase_session = EraseSessionHandler(
        store,
        sessions,
        NoTail(),
        AnswerCache(InMemoryExactCache(), InMemorySemanticCache(), InMemorySealer()),
        no_files(store),
        InMemoryKnownExchanges(),
        reads.erase,
    )
    services = make_services(
        tmp_path,
        store=store,
        users=users_on(store.vault, store),
        session_reads=reads,
        costs=CostReads(pool, store),
        audit=AuditReads(pool, store),
        tree=TreeProofs(pool),
        operations=OperationsReads([pool], pool, LagGauges([pool], store)),
        note_audit_read=NoteAuditReadHandler(store),
        known=tenants,
        live=sessions,
        open_session=OpenSessionHandler(sessions, tenants),
        rename_session=RenameSessionHandler(),
        fork_session=ForkSessionHandler(store, sessions, tenants),
        erase_session=erase_session,
        erase_own=erasing_own(store, sessions, erase_session),
    )
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        found = House(services, store, tenant, Writer(store), followers, client)
        await found.feed()
        yield found
