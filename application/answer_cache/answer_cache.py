"""Answers from the caches: looked up before a model is asked, kept when it answered well; what fails is a miss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec
import structlog

from application.acting_tenant import bears
from application.answer_cache.cacheability import as_typed
from application.answer_cache.equivalence import is_equivalent
from application.answer_cache.stampede_lock import StampedeLock
from application.answer_cache.vetoes import are_two
from application.clock import now
from application.pauses import Pauses
from application.ports.facts.keys import Sealer
from application.ports.models.answer_cache import CachedAnswer, CacheEntry, ExactCache, Question, SemanticCache

EXACT_S, SEMANTIC_S, KEYS_S = 0.05, 0.3, 0.3
NEAREST = 6
LARGEST = 256_000
"""Bytes of an answer that is kept."""
log = structlog.get_logger()
T = TypeVar("T")


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A kept answer that serves; `saved_usd` is what it cost when it was made."""

    layer: Literal["exact", "semantic"]
    similarity: float
    age_s: int
    saved_usd: Decimal
    answer: CachedAnswer


class Candidate(msgspec.Struct, frozen=True):
    """A kept question that may be the one that is asked, for a model to say; `hit` serves if it is."""

    question: str
    hit: Hit


class SemanticLookup(msgspec.Struct, frozen=True):
    """What the semantic cache has for a question: an answer that serves, else candidates, the likeliest first."""

    hit: Hit | None = None
    candidates: tuple[Candidate, ...] = ()


class _Kept(msgspec.Struct, frozen=True):
    """What an entry seals."""

    question: str
    answer: CachedAnswer


NOTHING_FOUND = SemanticLookup()
_decoder = msgspec.msgpack.Decoder(_Kept)


@dataclass(slots=True)
class AnswerCache:
    """Both caches of answers. No method but `forget` raises."""

    exactly: ExactCache
    similar: SemanticCache
    sealer: Sealer
    _stampede: StampedeLock[CachedAnswer] = field(init=False)

    def __post_init__(self) -> None:
        self._stampede = StampedeLock(self.exactly)

    async def exact(self, question: Question) -> Hit | None:
        """The answer to the same question, word for word."""
        key = await self._digest("question", question) if question.policy.exact else None
        return await self._exact(question, key) if key else None

    async def _exact(self, question: Question, key: bytes) -> Hit | None:
        entry = await or_none("exact", EXACT_S, self.exactly.get(question.scope.tenant, key))
        kept = await or_none("keys", KEYS_S, self._open(question, key, entry)) if entry else None
        if kept is None or kept.question != as_typed(question.text):
            return None
        return _hit("exact", 1.0, kept.answer)

    async def semantic(self, question: Question, vector: Sequence[float] | None) -> SemanticLookup:
        """The answer to a question that asks the same in other words, as far as the guard can tell; in a `verified`
        cache else those of which only a model can."""
        if question.policy.mode == "off" or not vector:
            return NOTHING_FOUND
        scopes = [await self._digest("scope", one) for one in _where(question)]
        known = [scope for scope in scopes if scope is not None]
        if len(known) < len(scopes):
            return NOTHING_FOUND
        return await or_none("semantic", SEMANTIC_S, self._semantic(question, known, vector)) or NOTHING_FOUND

    async def _semantic(self, question: Question, scopes: Sequence[bytes], vector: Sequence[float]) -> SemanticLookup:
        """What the guard lets through serves within the question's own scope, the first; elsewhere a model is asked."""
        policy = question.policy
        near = [
            self.similar.nearest(question.scope.tenant, scope, vector, at_least=policy.at_least, limit=NEAREST)
            for scope in scopes
        ]
        found = [
            (one, scope) for scope, all_of in zip(scopes, await asyncio.gather(*near), strict=True) for one in all_of
        ]
        await self.sealer.unlock([one.entry.stream for one, _ in found])
        asked, candidates, pauses = as_typed(question.text), list[Candidate](), Pauses()
        for one, scope in found:
            await pauses.take()
            kept = await self._open(question, scope, one.entry)
            if kept is None:
                continue
            hit = _hit("semantic", round(one.similarity, 4), kept.answer)
            same = is_equivalent(kept.question, asked)
            if same and scope is scopes[0]:
                return SemanticLookup(hit)
            if policy.mode == "verified" and (same or not are_two(kept.question, asked)):
                candidates.append(Candidate(kept.question, hit))
        return SemanticLookup(candidates=tuple(sorted(candidates, key=lambda one: -one.hit.similarity)))

    @asynccontextmanager
    async def leading(self, question: Question, deadline_s: float) -> AsyncIterator[Hit | None]:
        """Of equal questions that are asked at once one is answered by a model, and the others wait for it:

            async with cache.leading(question, 20) as hit:
                ...  # without a hit nobody but whoever is in here answers this question: ask the model, then `store`

        Leaving the block, however that is, frees those who wait: they have what was stored, or one of them leads next.
        Nobody waits longer than `deadline_s`; then there is no hit either.
        """
        key = await self._digest("question", question) if question.policy.exact else None
        if key is None:
            yield None
            return

        async def look() -> CachedAnswer | None:
            hit = await self._exact(question, key)
            return hit.answer if hit else None

        async with self._stampede.leading(question.scope.tenant, key, deadline_s, look) as answer:
            yield _hit("exact", 1.0, answer) if answer else None

    async def store(self, question: Question, vector: Sequence[float] | None, answer: CachedAnswer) -> None:
        """Keep an answer that is `cacheable`, in the layers that the assistant wants."""
        key, scope = await self._digest("question", question), await self._digest("scope", question)
        if key is None or scope is None:
            return
        self._stampede.answered(key, answer)
        tenant, ttl_s = question.scope.tenant, question.policy.ttl_s
        if question.policy.exact and (entry := await self._seal(question, key, answer)):
            await or_none("exact", EXACT_S, self.exactly.put(tenant, key, entry, ttl_s))
        if question.policy.mode != "off" and vector and (entry := await self._seal(question, scope, answer)):
            await or_none("semantic", SEMANTIC_S, self.similar.put(tenant, scope, key, vector, entry, ttl_s))

    async def evict(self, tenant: str, turn: str) -> None:
        """Thumbs down: the answer that came from this turn serves nobody any more."""
        await or_none("exact", EXACT_S, self.exactly.evict(tenant, turn))
        await or_none("semantic", SEMANTIC_S, self.similar.evict(tenant, turn))

    async def forget(self, stream: str) -> None:
        """A session is erased. Its shredded key has taken the texts; the vectors go now. An error reaches the caller,
        for erasure must know."""
        await self.similar.forget(stream)

    async def _digest(self, what: Literal["question", "scope"], question: Question) -> bytes | None:
        """A keyed hash of the scope, and for the exact key of the question as it was typed."""
        text = as_typed(question.text) if what == "question" else ""
        data = msgspec.msgpack.encode((what, question.scope, text))
        return await or_none("keys", KEYS_S, self.sealer.digest(question.scope.tenant, data))

    async def _seal(self, question: Question, place: bytes, answer: CachedAnswer) -> CacheEntry | None:
        """Bound to the place where it lies, so that nobody can put it elsewhere."""
        plain = msgspec.msgpack.encode(_Kept(as_typed(question.text), answer))
        if len(plain) > LARGEST:
            return None
        stream = f"{question.scope.tenant}/session/{answer.session}"
        sealed = await or_none("keys", KEYS_S, self.sealer.seal(stream, plain, _context(place)))
        return CacheEntry(stream, answer.turn, sealed) if sealed else None

    async def _open(self, question: Question, place: bytes, entry: CacheEntry) -> _Kept | None:
        """None when it is another tenant's, or too old, or its session was erased."""
        if not bears(question.scope.tenant, entry.stream):
            return None
        plain = await self.sealer.unseal(entry.stream, entry.sealed, _context(place))
        kept = _decoder.decode(plain) if plain else None
        return kept if kept and _age_s(kept.answer) < question.policy.ttl_s else None


def _where(question: Question) -> list[Question]:
    """The question in its own scope; where a model may be asked, also as what hangs on who asks and as what does not.
    People speak of themselves or not when they ask the same: nobody else's own answers are looked at."""
    other = "" if question.scope.user else question.asker
    if question.policy.mode != "verified" or other == question.scope.user:
        return [question]
    scope = msgspec.structs.replace(question.scope, user=other)
    return [question, msgspec.structs.replace(question, scope=scope)]


def _context(place: bytes) -> str:
    return f"answer:{place.hex()}"


def _age_s(answer: CachedAnswer) -> int:
    return max(0, int((now() - answer.at).total_seconds()))


def _hit(layer: Literal["exact", "semantic"], similarity: float, answer: CachedAnswer) -> Hit:
    return Hit(layer=layer, similarity=similarity, age_s=_age_s(answer), saved_usd=answer.cost_usd, answer=answer)


async def or_none(part: str, deadline_s: float, asking: Awaitable[T]) -> T | None:
    """What comes in time; whatever goes wrong costs a hit and nothing else."""
    try:
        async with asyncio.timeout(deadline_s):
            return await asking
    except Exception as error:
        log.warning("cache_failed", part=part, error=type(error).__name__)
        return None
