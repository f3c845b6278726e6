"""Puts the parts of a turn together: gateway, caches, budget, tools, plan. It knows ports alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.settings import Settings
from application.answer_cache.answer_cache import AnswerCache
from application.budget.budget_gate import BudgetGate
from application.budget.process_limits import Admission
from application.clock import monotonic
from application.gateway.failover import Failover
from application.gateway.gateway import Gateway
from application.gateway.health import Health
from application.gateway.model_attempt import Attempt
from application.gateway.router import Router
from application.incidents.raise_incident import RaiseIncident
from application.ports.documents.corpus import PassageSearch
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.models.answer_cache import ExactCache, SemanticCache
from application.ports.models.detector import Detector
from application.ports.models.model import Embedder, LanguageModel
from application.ports.models.step_replies import StepReplies
from application.ports.tenants.reservations import Reservations
from application.ports.tenants.spending import Spending
from application.ports.tenants.tenants import Tenants
from application.ports.tools.datasets import Datasets
from application.ports.tools.mcp_servers import McpServers
from application.ports.tools.webhooks import Webhooks
from application.sessions.live_session import LiveSession, LiveSessions
from application.tenants.refresh_server_tools import RefreshServerTools
from application.tenants.warn_of_budget import TellOfBudget
from application.tools.executors import Executors
from application.tools.toolbox import ToolBoxes
from application.turns.compare_questions import CompareQuestions
from application.turns.confirm_tool import AskFirst
from application.turns.corpus_versions import CorpusVersions
from application.turns.generate_answer import GenerateAnswer
from application.turns.post_turn import PostTurn
from application.turns.prepare_turn import PrepareTurn
from application.turns.read_attachments import ReadAttachments
from application.turns.retrieve_passages import RetrievePassages
from application.turns.reuse_answer import ReuseAnswer
from application.turns.run_tools import ToolRounds
from application.turns.run_turn import TurnExecutor, unheard
from application.turns.step_reply_cache import StepReplyCache
from application.turns.stream_answer import StreamAnswer

PLACE_MARGIN_S = 60.0
KEPT_S = {"off": 0.0, "5m": 300.0, "1h": 3_600.0}
"""How long a provider keeps the beginning of a prompt that nobody asks for again."""
PROMPTS = "prompts-2"
"""Raise it when a prompt changes so that answers do, or when less may be kept: older answers then serve nobody."""


@dataclass(frozen=True, kw_only=True)
class TurnParts:
    """The ports that turns work with."""

    store: EventStore
    sealer: Sealer
    tenants: Tenants
    sessions: LiveSessions
    admission: Admission
    model: LanguageModel
    embedder: Embedder
    corpus: PassageSearch
    detector: Detector
    exact: ExactCache
    similar: SemanticCache
    replies: StepReplies
    reservations: Reservations
    spending: Spending
    datasets: Datasets
    webhooks: Webhooks
    servers: McpServers
    attachments: ReadAttachments
    incidents: RaiseIncident
    begun: Callable[[LiveSession], None] = unheard


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What runs turns, and what others ask of its parts."""

    prepare: PrepareTurn
    runner: TurnExecutor
    gate: BudgetGate
    cache: AnswerCache
    health: Health


def put_together(settings: Settings, parts: TurnParts) -> Turns:
    """Everything between an accepted question and its answer."""
    health = Health(monotonic)
    gate = BudgetGate(
        parts.tenants,
        parts.admission,
        parts.reservations,
        parts.spending,
        replicas=settings.replicas,
        permit_ttl_s=settings.turn_s + PLACE_MARGIN_S,
        news=TellOfBudget(parts.store, parts.sessions, parts.incidents),
    )
    failover = Failover(Attempt(parts.model, health, gate.calls, parts.tenants, settings.prompt_cache), health)
    router = Router(settings.model_fast, settings.model_balanced, health)
    gateway = Gateway(router, failover, gate.calls)
    cache = AnswerCache(parts.exact, parts.similar, parts.sealer)
    retrieve = RetrievePassages(parts.embedder, parts.corpus, parts.detector)
    refresh = RefreshServerTools(parts.store, parts.tenants, parts.servers, parts.sealer)
    executors = Executors(parts.datasets, parts.webhooks, parts.sealer, parts.servers, refresh)
    answering = StreamAnswer(
        gateway,
        ToolRounds(ToolBoxes(parts.tenants, executors), AskFirst(settings.confirm_s)),
        history_tokens=settings.history_tokens,
        answer_tokens=settings.answer_tokens,
        first_token_s=settings.first_token_s,
        idle_s=settings.stream_idle_s,
        kept_s=KEPT_S[settings.prompt_cache],
    )
    release = f"{settings.model_fast} {settings.model_balanced} {settings.model_embedding} {PROMPTS}"
    versions = CorpusVersions(parts.corpus)
    prepare = PrepareTurn(parts.tenants, parts.detector, cache, versions, parts.embedder, release)
    kept = StepReplyCache(parts.replies, parts.sealer, release)
    runner = TurnExecutor(
        permits=gate.permits,
        cache=cache,
        retrieve=retrieve,
        generate=GenerateAnswer(gateway, retrieve, answering, kept),
        compare=CompareQuestions(gateway, kept),
        reuse=ReuseAnswer(cache, parts.detector),
        follow_up=PostTurn(),
        attachments=parts.attachments,
        incidents=parts.incidents,
        turn_s=settings.turn_s,
        begun=parts.begun,
    )
    return Turns(prepare=prepare, runner=runner, gate=gate, cache=cache, health=health)
