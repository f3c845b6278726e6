"""Answers come from the caches for the same question in the same scope, and never otherwise."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from application.answer_cache.answer_cache import AnswerCache, Hit
from application.answer_cache.cacheability import context_of, conversation, may_keep, pieces
from application.clock import now
from application.ports.models.answer_cache import CachedAnswer, CacheEntry, CacheScope, Question
from domain.dependence import BY_AUDIENCE
from domain.tenant.assistant import CachePolicy, Semantic
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_sealer import InMemorySealer

TEXT, ALIKE = "What is the refund policy?", "Please tell me: what's the refund policy?"
SCOPE = CacheScope(tenant="acme", assistant="default", assistant_version=3, corpus_version=7, roles=("member",))
ASKED = Question(text=TEXT, scope=SCOPE)
EAST = [1.0, 0.0]


def answer(text: str = "30 days.", session: str = "s", **more: object) -> CachedAnswer:
    made = {"turn": "t", "at": now(), "cost_usd": Decimal("0.02"), **more}
    return CachedAnswer(text=text, session=session, **made)  # type: ignore[arg-type]


def also(text: str = ALIKE, **scope: object) -> Question:
    return Question(text=text, scope=msgspec.structs.replace(SCOPE, **scope))


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(InMemoryExactCache(), InMemorySemanticCache(), InMemorySealer())


async def test_the_same_question_is_answered_again(cache: AnswerCache) -> None:
    assert await cache.exact(ASKED) is None
    await cache.store(ASKED, EAST, answer())
    hit = await cache.exact(also(f"  {TEXT}\n"))
    assert hit == Hit(layer="exact", similarity=1.0, age_s=0, saved_usd=Decimal("0.02"), answer=hit.answer)  # type: ignore[union-attr]
    assert hit and hit.answer.text == "30 days."
    assert await cache.exact(also("what is the refund policy?")) is None, "as it was typed"


async def test_the_same_in_other_words_is_answered_when_the_guard_agrees(cache: AnswerCache) -> None:
    await cache.store(ASKED, EAST, answer())
    hit = (await cache.semantic(also(), [0.9, 0.4358898943540674])).hit
    assert hit and (hit.layer, hit.similarity, hit.answer.text) == ("semantic", 0.9, "30 days.")
    assert (await cache.semantic(also(), [0.5, 0.8660254037844386])).hit is None, "too far"
    assert (await cache.semantic(also("What isn't the refund policy?"), EAST)).hit is None, "the opposite"
    assert (await cache.semantic(also(), None)).hit is None


OTHERS: list[dict[str, object]] = [
    {"tenant": "other"},
    {"assistant": "legal"},
    {"assistant_version": 4},
    {"corpus_version": 8},
    {"data_version": "totals:2"},
    {"roles": ("member", "editor")},
    {"user": "ada"},
    {"language": "de"},
    {"context": context_of([("a", "b")])},
    {"release": "2"},
]


@pytest.mark.parametrize("scope", OTHERS, ids=lambda scope: next(iter(scope)))
async def test_nothing_crosses_a_scope(cache: AnswerCache, scope: dict[str, object]) -> None:
    await cache.store(ASKED, EAST, answer())
    assert await cache.exact(also(TEXT, **scope)) is None
    assert (await cache.semantic(also(TEXT, **scope), EAST)).hit is None


async def test_a_model_may_be_asked_of_what_is_ones_own_and_of_what_is_everybodys(cache: AnswerCache) -> None:
    def by(asker: str, *, personal: bool, mode: Semantic = "verified", text: str = ALIKE) -> Question:
        asked = also(text, user=asker if personal else "")
        return msgspec.structs.replace(asked, policy=CachePolicy(semantic=mode), asker=asker)

    await cache.store(ASKED, EAST, answer("For all."))
    await cache.store(by("ada", personal=True, text=TEXT), EAST, answer("For Ada.", turn="u"))
    for asked, expected in [
        (by("bob", personal=True), ["For all."]),
        (by("bob", personal=True, mode="strict"), []),
        (by("ada", personal=True, mode="strict"), ["For Ada."]),
        (by("bob", personal=False), ["For all."]),
        (by("ada", personal=False, text="How do refunds work, and is there a policy?"), ["For all.", "For Ada."]),
    ]:
        found = await cache.semantic(asked, EAST)
        hits = [found.hit] if found.hit else [candidate.hit for candidate in found.candidates]
        assert [hit.answer.text for hit in hits] == expected, asked


async def test_an_entry_put_into_another_place_opens_for_nobody(cache: AnswerCache) -> None:
    exactly = cache.exactly
    assert isinstance(exactly, InMemoryExactCache)
    await cache.store(ASKED, None, answer())
    await cache.store(also("Who is the CEO?"), None, answer("Ada.", turn="u"))
    (first, one), (second, two) = exactly.entries.items()
    exactly.entries = {first: two, second: one}
    assert await cache.exact(ASKED) is None
    exactly.entries = {first: CacheEntry("other/session/s", one.turn, one.sealed)}
    assert await cache.exact(ASKED) is None


async def test_the_answers_of_an_erased_session_are_gone(cache: AnswerCache) -> None:
    sealer = cache.sealer
    assert isinstance(sealer, InMemorySealer)
    await cache.store(ASKED, EAST, answer())
    sealer.shredded.add("acme/session/s")
    assert await cache.exact(ASKED) is None
    assert (await cache.semantic(also(), EAST)).hit is None


async def test_thumbs_down_takes_an_answer_away(cache: AnswerCache) -> None:
    await cache.store(ASKED, EAST, answer())
    await cache.evict("other", "t")
    assert await cache.exact(ASKED)
    await cache.evict("acme", "t")
    assert await cache.exact(ASKED) is None
    assert (await cache.semantic(also(), EAST)).hit is None


async def test_an_answer_grows_old_and_a_policy_is_kept(cache: AnswerCache) -> None:
    await cache.store(ASKED, EAST, answer(at=now() - timedelta(seconds=90)))
    hit = await cache.exact(ASKED)
    assert hit and hit.age_s in (90, 91)
    for policy in (CachePolicy(ttl_s=60), CachePolicy(exact=False, semantic="off")):
        asked = msgspec.structs.replace(ASKED, policy=policy)
        assert await cache.exact(asked) is None
        assert (await cache.semantic(asked, EAST)).hit is None
    other = msgspec.structs.replace(also("Who?"), policy=CachePolicy(exact=False, semantic="off"))
    await cache.store(other, EAST, answer())
    assert await cache.exact(also("Who?")) is None


async def test_a_cache_that_is_away_is_a_miss(cache: AnswerCache) -> None:
    await cache.store(ASKED, EAST, answer())
    assert isinstance(cache.exactly, InMemoryExactCache) and isinstance(cache.similar, InMemorySemanticCache)
    cache.exactly.away = cache.similar.away = True
    assert await cache.exact(ASKED) is None
    assert (await cache.semantic(also(), EAST)).hit is None
    await cache.store(ASKED, EAST, answer())
    await cache.evict("acme", "t")
    async with cache.leading(ASKED, 10) as hit:
        assert hit is None


async def test_equal_questions_make_one_call(cache: AnswerCache) -> None:
    calls, asked, go_on = 0, asyncio.Event(), asyncio.Event()

    async def ask() -> str:
        nonlocal calls
        async with cache.leading(ASKED, 10) as hit:
            if hit:
                return hit.answer.text
            calls += 1
            asked.set()
            await go_on.wait()
            await cache.store(ASKED, None, answer())
            return "30 days."

    asking = [asyncio.create_task(ask()) for _ in range(50)]
    await asked.wait()
    go_on.set()
    assert set(await asyncio.gather(*asking)) == {"30 days."}
    assert calls == 1


async def test_when_the_leader_fails_the_next_one_leads(cache: AnswerCache) -> None:
    calls = 0

    async def ask() -> str:
        nonlocal calls
        async with cache.leading(ASKED, 10) as hit:
            if hit:
                return hit.answer.text
            calls += 1
            await asyncio.sleep(0)
            if calls == 1:
                raise ValueError
            await cache.store(ASKED, None, answer())
            return "30 days."

    results = await asyncio.gather(*(ask() for _ in range(10)), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] + [str] * 9
    assert calls == 2


async def test_another_process_waits_for_the_leader_of_this_one(cache: AnswerCache) -> None:
    there = AnswerCache(cache.exactly, cache.similar, cache.sealer)

    async def ask() -> Hit | None:
        async with there.leading(ASKED, 10) as hit:
            return hit

    async with cache.leading(ASKED, 10) as hit:
        assert hit is None
        waiting = asyncio.create_task(ask())
        await asyncio.sleep(0)
        await cache.store(ASKED, None, answer())
    found = await waiting
    assert found and found.answer.text == "30 days."


async def test_nobody_waits_longer_than_its_deadline(cache: AnswerCache) -> None:
    there = AnswerCache(cache.exactly, cache.similar, cache.sealer)
    async with cache.leading(ASKED, 10):
        async with cache.leading(ASKED, 0.01) as here_too:
            assert here_too is None
        async with there.leading(ASKED, 0.01) as elsewhere:
            assert elsewhere is None
    async with there.leading(ASKED, 10) as after:
        assert after is None


def test_an_answer_is_kept_where_those_find_it_to_whom_it_may_be_given() -> None:
    own = msgspec.structs.replace(SCOPE, user="ada")
    kept = {
        (audience, bool(scope.user)): may_keep(audience, scope) for audience in BY_AUDIENCE for scope in (SCOPE, own)
    }
    assert [pair for pair, may in kept.items() if may] == [("tenant", False), ("tenant", True), ("user", True)]


def test_what_goes_on_from_an_answer_is_for_no_more_people_than_that() -> None:
    assert conversation([]).audience == "tenant"
    for audience in BY_AUDIENCE:
        assert conversation(["tenant", audience, "tenant"]).audience == audience
    assert conversation(["user", "nobody"]).audience == "nobody"


@pytest.mark.parametrize("text", ["", "one", "a " * 1_000, "x" * 1_000, "lines\n\n" * 90, " lead" + "é" * 239 + " x"])
def test_a_kept_answer_streams_to_the_character(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert all(len(piece) <= 260 for piece in pieces(text))
