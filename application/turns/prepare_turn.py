"""What is known of a turn before it is stored: its assistant, its private values, a kept answer, the first call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from application.answer_cache.answer_cache import AnswerCache, Hit
from application.answer_cache.cacheability import context_of, conversation
from application.answer_cache.dependence import dependence_of
from application.clock import now
from application.gateway.embedding import start_embedding
from application.ports.models.answer_cache import CacheScope, Question
from application.ports.models.detector import Detector
from application.ports.models.model import Embedder
from application.ports.tenants.tenants import Tenants
from application.redaction.redactor import Redactor, irreversible
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.turns.corpus_versions import CorpusVersions
from application.turns.running_turn import RunningTurn
from application.turns.turn_request import AssistantConfig, TurnRequest
from domain.access import Principal
from domain.dependence import EVERYTHING, Audience
from domain.event import Event
from domain.model_calls import ModelCallStarted
from domain.refusals import PiiBlocked
from domain.session import events as e
from domain.session.state import Session, Turn
from domain.tenant.readable import narrowed, readable
from domain.tenant.rules import price_at
from domain.tenant.state import Tenant


@dataclass
class PreparedTurn:
    """A turn that can be started once it is stored: facts that share the commit of `turn.started`, frames that follow
    it, and what comes of them. `question` is what caches are asked; None when they may not be. `documents` says
    whether there is anything to search."""

    run: RunningTurn
    events: list[Event] = field(default_factory=list)
    frames: list[f.Frame] = field(default_factory=list)
    embedding: ModelCallStarted | None = None
    embedded_text: str = ""
    question: Question | None = None
    hit: Hit | None = None
    documents: bool = False
    refusal: PiiBlocked | None = None


@dataclass(frozen=True, slots=True)
class PrepareTurn:
    """Makes them. `release` names what of the installation shapes answers: its models and prompts."""

    tenants: Tenants
    detector: Detector
    cache: AnswerCache
    versions: CorpusVersions
    embedder: Embedder
    release: str

    async def __call__(self, live: LiveSession, request: TurnRequest) -> PreparedTurn:
        """The turn that is asked for; `AssistantNotFound`. Nothing private is looked up or kept, and nothing that hangs
        on the moment."""
        config = await self._config(live, request)
        run = RunningTurn(live, request, config, Redactor(self.detector, config.assistant.pii))
        prepared = PreparedTurn(run)
        run.outcome.depends |= dependence_of(request.text) | conversation(audiences(live.state))
        if await self._may_go_on(prepared):
            version = await self.versions.of(live.id.tenant) if config.assistant.documents else 0
            prepared.documents = version > 0
            await self._look_up(prepared, version)
            if prepared.hit is None:
                await self._begin_search(prepared)
        return prepared

    async def _config(self, live: LiveSession, request: TurnRequest) -> AssistantConfig:
        """A turn that was taken over was allowed when it began; who asked it is known by name alone."""
        tenant, name = live.id.tenant, live.state.assistant
        asking = Principal(tenant, request.user, request.roles, 0.0, groups=request.groups)
        if request.resumed:
            assistant, version = await self.tenants.assistant(tenant, name)
        else:
            assistant, version = await self.tenants.assistant_for(asking, name)
        settings, known = await self.tenants.settings(tenant), request.collections
        collections = narrowed(readable(settings, asking), assistant.collections) if known is None else known
        return AssistantConfig(
            name=name, assistant=assistant, version=version, tenant=settings, collections=collections
        )

    async def _may_go_on(self, prepared: PreparedTurn) -> bool:
        """Whether the question may be answered; its private values are found and noted."""
        run = prepared.run
        try:
            await run.redactor.redact(run.request.text)
        except PiiBlocked as refusal:
            prepared.refusal = refusal
            return False
        if run.redactor.found:
            counts, run.outcome.depends = run.redactor.counts, EVERYTHING
            prepared.events.append(e.PiiRedacted(turn_id=run.turn_id, kinds=counts))
            prepared.frames.append(f.Redacted(kinds=counts))
        return True

    async def _look_up(self, prepared: PreparedTurn, corpus_version: int) -> None:
        """Ask the cache of answers to the same words, where the turn may be answered from a cache at all."""
        run, policy = prepared.run, prepared.run.config.assistant.cache
        if not (run.request.may_cache and (policy.exact or policy.mode != "off")):
            return
        if run.outcome.depends.audience == "nobody":
            return
        scope = self._scope(run, corpus_version)
        prepared.question = Question(text=run.request.text, scope=scope, policy=policy, asker=run.request.user)
        prepared.hit = await self.cache.exact(prepared.question)
        if prepared.hit is not None:
            prepared.events.append(cache_hit(run.turn_id, prepared.hit))

    async def _begin_search(self, prepared: PreparedTurn) -> None:
        """The first call of a turn that searches documents, or kept answers by their meaning: the question's vector."""
        run, request = prepared.run, prepared.run.request
        by_meaning = prepared.question is not None and prepared.question.policy.mode != "off"
        if not (prepared.documents or by_meaning):
            return
        prepared.embedded_text = await irreversible(request.text, self.detector, run.config.assistant.pii)
        own = price_at(run.config.tenant, self.embedder.model, now())
        started = start_embedding(self.embedder, prepared.embedded_text, request.user, run.turn_id, own=own)
        prepared.embedding = started
        prepared.events.append(started)

    def _scope(self, run: RunningTurn, corpus_version: int) -> CacheScope:
        request, config = run.request, run.config
        return CacheScope(
            tenant=run.live.id.tenant,
            assistant=config.name,
            assistant_version=config.version,
            corpus_version=corpus_version,
            collections=config.collections if config.assistant.documents else (),
            data_version=data_version(config.tenant, config.assistant.tools),
            roles=tuple(sorted(request.roles)),
            user=request.user if run.outcome.depends.audience == "user" else "",
            language=request.language,
            context=context_of(said_before(run.live.state)),
            release=self.release,
        )


def answered_turns(session: Session) -> list[Turn]:
    """The answered turns that are not long past."""
    return [turn for turn in session.latest if turn.answer]


def audiences(session: Session) -> Iterator[Audience]:
    """To whom the answers may be given again that a model is told of, if only by their summary."""
    return chain(session.long_past.audiences, (turn.audience for turn in answered_turns(session)))


def said_before(session: Session) -> Iterator[tuple[str, str]]:
    """Questions and answers that tell what was said from everything else: as one, what is long past."""
    past = session.long_past.said
    return chain([(past.hex(), "")] if past else [], ((turn.asked, turn.answer) for turn in answered_turns(session)))


def data_version(tenant: Tenant, tools: Sequence[str]) -> str:
    """Another text after each change of a tool of these or of a dataset that one of them reads."""
    known = {name: tenant.tools[name] for name in tools if name in tenant.tools}
    datasets = sorted({tool.query.dataset for tool in known.values() if tool.query} & tenant.datasets.keys())
    return " ".join(
        [f"{name}:{tenant.tool_versions.get(name, 0)}" for name in known]
        + [f"{name}={tenant.datasets[name].version}" for name in datasets]
    )


def cache_hit(turn_id: str, hit: Hit) -> e.CacheHit:
    """The fact."""
    return e.CacheHit(
        turn_id=turn_id,
        layer=hit.layer,
        age_s=hit.age_s,
        saved_usd=hit.saved_usd,
        similarity=hit.similarity,
        source_turn=hit.answer.turn,
    )
