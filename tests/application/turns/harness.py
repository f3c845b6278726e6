"""Turns on fakes: everything between a question and its answer, in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from api.composition.turn_wiring import TurnParts, Turns, put_together
from api.settings import Settings
from application.budget.process_limits import Admission
from application.byte_room import ByteRoom
from application.clock import new_id
from application.ports.models.detector import Detector
from application.ports.sessions.feed_tail import FeedTail
from application.ports.tools.mcp_servers import NO_SERVERS, McpServers
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.read_attachments import ReadAttachments
from application.turns.run_turn import unheard
from domain.access import Principal
from domain.event import Event
from domain.refusals import AssistantNotFound
from domain.session.events import Passage
from domain.session.state import Turn
from domain.tenant.assistant import Assistant
from domain.tenant.state import Tenant
from tests.application.documents.harness import DirectExtractor
from tests.application.files.harness import FileHouse
from tests.application.incidents.harness import IncidentHouse
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_datasets import InMemoryDatasets
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_reservations import InMemoryReservations
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_step_replies import InMemoryStepReplies
from tests.fakes.nothing_private import NothingPrivate
from tests.fakes.scripted_model import Reply, ScriptedModel, WordEmbedder
from tests.fakes.scripted_webhooks import ScriptedWebhooks
from tests.fakes.small_ports import FixedCorpus, NoTail

TENANT = "01977c9e-1111-7000-8000-000000000001"
WITHIN_S = 20.0
PASSAGES = (
    Passage(
        passage_id="p1", document_id="d1", title="Returns", start=0, end=46, score=1.0,
        text="Coffee may be returned within 30 days of sale.",
    ),
    Passage(
        passage_id="p2", document_id="d2", title="Kettles", start=0, end=34, score=0.5,
        text="Kettles carry a two-year warranty.",
    ),
)  # fmt: skip


class HouseTenants:
    """One tenant, as a test sets it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        if name not in self.tenant.assistants:
            raise AssistantNotFound
        return self.tenant.assistants[name], self.tenant.versions.get(name, 0)

    async def assistant_for(self, principal: Principal, name: str) -> tuple[Assistant, int]:
        assistant, version = await self.assistant(principal.tenant, name)
        if not assistant.is_for(principal.roles, principal.groups):
            raise AssistantNotFound
        return assistant, version

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        return self.tenant

    def forget(self, tenant: str) -> None:
        return None


@dataclass
class House:
    """The parts a test looks at."""

    turns: Turns
    sessions: LiveSessions
    store: InMemoryEventStore
    sealer: InMemorySealer
    model: ScriptedModel
    embedder: WordEmbedder
    corpus: FixedCorpus
    exact: InMemoryExactCache
    similar: InMemorySemanticCache
    replies: InMemoryStepReplies
    tenant: Tenant
    webhooks: ScriptedWebhooks
    files: FileHouse
    incidents: IncidentHouse
    create: CreateTurnHandler = field(init=False)

    def __post_init__(self) -> None:
        runner = self.turns.runner
        self.create = CreateTurnHandler(
            self.turns.gate.permits, self.turns.prepare, runner, self.sealer, runner.attachments
        )

    async def open(self, user: str = "ada") -> LiveSession:
        """A new session."""
        return await OpenSessionHandler(self.sessions, self.turns.prepare.tenants).begin(member(user), "default")

    async def ask(self, live: LiveSession, text: str, **fields: Any) -> Turn:
        """Ask, and wait for the turn's end and for what follows it."""
        asked = {"client_id": new_id(), "text": text} | fields
        turn, _ = await self.create(member(live.state.user), live, **asked)
        await self.settled()
        found = live.state.turn(turn.turn_id)
        assert found is not None, "it was made"
        return found

    async def settled(self) -> None:
        """Wait for the turns that run, and for what follows them."""
        runner = self.turns.runner
        async with asyncio.timeout(WITHIN_S):
            for tasks in (runner.tasks, runner.follow_up.tasks, runner.generate.kept.tasks):
                await asyncio.gather(*tasks)

    async def facts(self, live: LiveSession, *kinds: type[Event]) -> list[Any]:
        """The session's facts of these kinds, in order."""
        return [e.event for e in await self.store.load(str(live.id)) if not kinds or isinstance(e.event, kinds)]


def member(user: str = "ada") -> Principal:
    """A member of the one tenant."""
    return Principal(TENANT, user, frozenset({"member"}), 4e9)


def frames_of(live: LiveSession, *kinds: type[f.Frame]) -> list[Any]:
    """The frames on the session's feed, of these kinds."""
    return [frame for frame in live.feed.since(live.feed.floor) if not kinds or isinstance(frame, kinds)]


def said(live: LiveSession) -> str:
    """The deltas after the last reset."""
    text = ""
    for frame in frames_of(live, f.Delta, f.Reset):
        text = text + frame.delta if isinstance(frame, f.Delta) else ""
    return text


@asynccontextmanager
async def house(
    *replies: Reply,
    assistant: Assistant | None = None,
    passages: Sequence[Passage] = PASSAGES,
    detector: Detector | None = None,
    store: InMemoryEventStore | None = None,
    servers: McpServers = NO_SERVERS,
    model: ScriptedModel | None = None,
    sealer: InMemorySealer | None = None,
    tail: FeedTail | None = None,
    begun: Callable[[LiveSession], None] = unheard,
    corpus: Any = None,
    **settings: Any,
) -> Any:
    """A house whose model gives these replies, or is another one. Two on one store, sealer and tail are two
    processes."""
    store, sealer = store or InMemoryEventStore(), sealer or InMemorySealer()
    tenant = Tenant(name="Acme", assistants={"default": assistant or Assistant()})
    sessions = LiveSessions(store, tail or NoTail())
    model = model or ScriptedModel(replies or (Reply(),))
    embedder, corpus = WordEmbedder(), corpus or FixedCorpus(passages)
    exact, similar, webhooks = InMemoryExactCache(), InMemorySemanticCache(), ScriptedWebhooks()
    tenants = HouseTenants(tenant)
    incidents = IncidentHouse(store, tenants)
    kept, files, wanted = InMemoryStepReplies(), FileHouse(), Settings(**settings)
    parts = TurnParts(
        store=store,
        sealer=sealer,
        tenants=tenants,
        sessions=sessions,
        admission=Admission(turns=100, turns_per_tenant=100, requests_per_minute=10_000),
        model=model,
        embedder=embedder,
        corpus=corpus,
        detector=detector or NothingPrivate(),
        exact=exact,
        similar=similar,
        replies=kept,
        reservations=InMemoryReservations(),
        spending=FixedSpending(),
        datasets=InMemoryDatasets(),
        webhooks=webhooks,
        servers=servers,
        attachments=ReadAttachments(
            files.register, files.open, DirectExtractor(), ByteRoom(places=4, size=10**8), wanted.attachment_tokens
        ),
        incidents=incidents.raising,
        begun=begun,
    )
    turns = put_together(wanted, parts)
    yield House(
        turns,
        sessions,
        store,
        sealer,
        model,
        embedder,
        corpus,
        exact,
        similar,
        kept,
        tenant,
        webhooks,
        files,
        incidents,
    )
