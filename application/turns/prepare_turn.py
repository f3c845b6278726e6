"""What is known of a turn before it is stored: its private values, an answer from the cache, the first call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.answer_cache.answer_cache import AnswerCache, Hit
from application.answer_cache.cacheability import context_of, conversation
from application.answer_cache.dependence import dependence_of
from application.gateway.embedding import start_embedding
from application.ports.answer_cache import CacheScope, Question
from application.ports.detector import Detector
from application.ports.model import Embedder
from application.redaction.redactor import irreversible
from application.sessions import feed_frames as f
from application.turns.corpus_versions import CorpusVersions
from application.turns.running_turn import RunningTurn
from domain.dependence import EVERYTHING
from domain.event import Event
from domain.model_calls import ModelCallStarted
from domain.refusals import PiiBlocked
from domain.session import events as e
from domain.session.state import Turn
from domain.tenant.state import Tenant


@dataclass
class PreparedTurn:
    """Facts that share the commit of `turn.started`, frames that follow it, and what comes of them. `question` is what
    caches are asked; None when they may not be. `documents` says whether there is anything to search."""

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

    detector: Detector
    cache: AnswerCache
    versions: CorpusVersions
    embedder: Embedder
    release: str

    async def __call__(self, run: RunningTurn, text: str, *, may_cache: bool, language: str = "") -> PreparedTurn:
        """The opening of a turn that says `text`. Nothing private is looked up or kept, and nothing that hangs on the
        moment."""
        opening = PreparedTurn()
        run.depends |= dependence_of(text) | conversation(turn.audience for turn in _earlier(run))
        try:
            await run.redactor.redact(text)
        except PiiBlocked as refusal:
            opening.refusal = refusal
            return opening
        if run.redactor.found:
            counts, run.depends = run.redactor.counts, EVERYTHING
            opening.events.append(e.PiiRedacted(turn_id=run.turn_id, kinds=counts))
            opening.frames.append(f.PiiRedacted(kinds=counts))
        version = await self.versions.of(run.caller.tenant) if run.assistant.documents else 0
        opening.documents = version > 0
        policy = run.assistant.cache
        if may_cache and run.depends.audience != "nobody" and (policy.exact or policy.semantic):
            opening.question = Question(text=text, scope=self._scope(run, version, language), policy=policy)
            opening.hit = await self.cache.exact(opening.question)
        if opening.hit is not None:
            opening.events.append(cache_hit(run.turn_id, opening.hit))
        elif opening.documents or (opening.question and policy.semantic):
            opening.embedded_text = await irreversible(text, self.detector, run.assistant.pii)
            opening.embedding = start_embedding(self.embedder, opening.embedded_text, run.caller.user, run.turn_id)
            opening.events.append(opening.embedding)
        return opening

    async def holds_private(self, run: RunningTurn) -> bool:
        """Whether the conversation or a tool brought private values into a turn. What stands in the tenant's documents
        is not private to who asks."""
        earlier = [turn for turn in run.live.state.turns if turn.turn_id != run.turn_id]
        if any(turn.digest for turn in earlier):
            return True  # what was said long ago is not remembered
        told = [text for turn in earlier for text in (turn.text, turn.answer)]
        for text in (*told, *run.tool_outputs):
            if await irreversible(text, self.detector, run.assistant.pii) != text:
                return True
        return False

    def _scope(self, run: RunningTurn, corpus_version: int, language: str) -> CacheScope:
        return CacheScope(
            tenant=run.caller.tenant,
            assistant=run.setting.name,
            assistant_version=run.setting.version,
            corpus_version=corpus_version,
            data_version=data_version(run.setting.tenant, run.assistant.tools),
            roles=tuple(sorted(run.roles)),
            user=run.caller.user if run.depends.audience == "user" else "",
            language=language,
            context=context_of((turn.text or turn.digest.hex(), turn.answer) for turn in _earlier(run)),
            release=self.release,
        )


def _earlier(run: RunningTurn) -> list[Turn]:
    """The answered turns that a model is told of, if only by their summary."""
    return [turn for turn in run.live.state.turns if turn.answer or turn.digest]


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
