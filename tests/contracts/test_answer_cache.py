"""The caches of answers keep their promises, in memory and on Valkey and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import psycopg
import pytest
import valkey.asyncio

from adapters.postgres.pool import open_pool
from adapters.postgres.semantic_cache import PostgresSemanticCache
from adapters.valkey.exact_cache import ValkeyExactCache
from adapters.valkey.step_replies import ValkeyStepReplies
from application.clock import new_id
from application.ports.models.answer_cache import CacheEntry, ExactCache, SemanticCache
from application.ports.models.step_replies import StepReplies
from tests.databases import logins_of
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_step_replies import InMemoryStepReplies

MOST = 3
EAST, NORTH, NORTH_EAST = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0]
real = pytest.mark.real


@pytest.fixture(params=["memory", pytest.param("valkey", marks=real)])
async def exactly(request: pytest.FixtureRequest) -> AsyncIterator[ExactCache]:
    if request.param == "memory":
        yield InMemoryExactCache()
        return
    client = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield ValkeyExactCache(client)
    await client.aclose()


@pytest.fixture(params=["memory", pytest.param("valkey", marks=real)])
async def replies(request: pytest.FixtureRequest) -> AsyncIterator[StepReplies]:
    if request.param == "memory":
        yield InMemoryStepReplies()
        return
    async with valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url) as client:
        yield ValkeyStepReplies(client)


@dataclass
class Semantic:
    """A cache that keeps `MOST` entries a tenant; `expire` lets all of a tenant's run out."""

    cache: SemanticCache
    expire: Callable[[str], None]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=real)])
async def semantic(request: pytest.FixtureRequest) -> AsyncIterator[Semantic]:
    if request.param == "memory":
        fake = InMemorySemanticCache(most=MOST)
        yield Semantic(fake, fake.expire)
        return
    url: str = request.getfixturevalue("database")

    def expire(tenant: str) -> None:
        with psycopg.connect(url) as owner:
            owner.execute("UPDATE cached_answers SET expires_at = now() WHERE tenant = %s", (tenant,))

    async with open_pool(logins_of(url).app) as pool:
        yield Semantic(PostgresSemanticCache(pool, most=MOST), expire)


def entry(tenant: str, turn: str = "t", session: str = "s") -> CacheEntry:
    return CacheEntry(f"{tenant}/session/{session}", turn, b"sealed " + turn.encode())


async def test_an_entry_is_its_tenants_and_its_keys(exactly: ExactCache) -> None:
    tenant, other = new_id(), new_id()
    await exactly.put(tenant, b"key", entry(tenant), 60)
    assert await exactly.get(tenant, b"key") == entry(tenant)
    assert await exactly.get(tenant, b"other") is None
    assert await exactly.get(other, b"key") is None


async def test_an_entry_goes_with_its_turn(exactly: ExactCache) -> None:
    tenant, other = new_id(), new_id()
    await exactly.put(tenant, b"key", entry(tenant, "bad"), 60)
    await exactly.put(tenant, b"fine", entry(tenant, "good"), 60)
    await exactly.evict(other, "bad")
    await exactly.evict(tenant, "never seen")
    assert await exactly.get(tenant, b"key")
    await exactly.evict(tenant, "bad")
    assert await exactly.get(tenant, b"key") is None
    assert await exactly.get(tenant, b"fine")


async def test_what_shall_not_last_is_not_kept(exactly: ExactCache, semantic: Semantic) -> None:
    tenant = new_id()
    await exactly.put(tenant, b"key", entry(tenant), 0)
    assert await exactly.get(tenant, b"key") is None
    await semantic.cache.put(tenant, b"scope", b"key", EAST, entry(tenant), 0)
    assert await semantic.cache.nearest(tenant, b"scope", EAST, at_least=0, limit=9) == []


async def test_a_kept_reply_is_its_tenants_and_its_keys(replies: StepReplies) -> None:
    tenant, other = new_id(), new_id()
    await replies.put(tenant, b"key", entry(tenant), 60)
    await replies.put(tenant, b"short", entry(tenant), 0)
    assert await replies.get(tenant, b"key") == entry(tenant)
    assert await replies.get(tenant, b"short") is None
    assert await replies.get(other, b"key") is None


@real
async def test_valkey_lets_everything_expire(endpoints: object) -> None:
    tenant = new_id()
    async with valkey.asyncio.from_url(endpoints.valkey_url) as client:  # type: ignore[attr-defined]
        cache = ValkeyExactCache(client)
        await cache.put(tenant, b"key", entry(tenant), 60)
        assert await cache.lead(tenant, b"key", "me", 5)
        await ValkeyStepReplies(client).put(tenant, b"key", entry(tenant), 60)
        keys = [key async for key in client.scan_iter(f"*{tenant}*")]
        assert len(keys) == 4
        assert all([0 < await client.ttl(key) <= 60 for key in keys])


async def test_one_leads_until_it_resigns(exactly: ExactCache) -> None:
    tenant, key = new_id(), b"key"
    assert await exactly.lead(tenant, key, "one", 30)
    assert not await exactly.lead(tenant, key, "two", 30)
    assert await exactly.lead(tenant, key, "one", 30), "it may stay"
    assert await exactly.lead(tenant, b"another", "two", 30)
    await exactly.resign(tenant, key, "two")
    assert not await exactly.lead(tenant, key, "two", 30), "nobody resigns for another"
    await exactly.resign(tenant, key, "one")
    assert await exactly.lead(tenant, key, "two", 30)


async def test_the_nearest_come_first_and_none_below_the_threshold(semantic: Semantic) -> None:
    tenant, cache = new_id(), semantic.cache
    for name, vector in (("east", EAST), ("north", NORTH), ("between", NORTH_EAST)):
        await cache.put(tenant, b"scope", name.encode(), vector, entry(tenant, name), 60)
    found = await cache.nearest(tenant, b"scope", NORTH, at_least=0.5, limit=9)
    assert [(s.entry.turn, round(s.similarity, 2)) for s in found] == [("north", 1.0), ("between", 0.8)]
    assert found[0].entry == entry(tenant, "north")
    assert [s.entry.turn for s in await cache.nearest(tenant, b"scope", NORTH, at_least=0.5, limit=1)] == ["north"]


async def test_no_entry_crosses_a_scope_or_a_tenant(semantic: Semantic) -> None:
    tenant, other, cache = new_id(), new_id(), semantic.cache
    await cache.put(tenant, b"scope", b"key", EAST, entry(tenant), 60)
    assert await cache.nearest(tenant, b"another", EAST, at_least=0, limit=9) == []
    assert await cache.nearest(other, b"scope", EAST, at_least=0, limit=9) == []
    await cache.put(other, b"scope", b"key", EAST, entry(other), 60)
    [found] = await cache.nearest(tenant, b"scope", EAST, at_least=0, limit=9)
    assert found.entry.stream.startswith(tenant)


async def test_a_new_answer_takes_the_place_of_the_last_and_the_oldest_make_room(semantic: Semantic) -> None:
    tenant, cache = new_id(), semantic.cache
    for turn in "abc":
        await cache.put(tenant, b"scope", turn.encode(), EAST, entry(tenant, turn), 60)
    await cache.put(tenant, b"scope", b"a", EAST, entry(tenant, "again"), 60)
    await cache.put(tenant, b"scope", b"d", EAST, entry(tenant, "d"), 60)
    found = await cache.nearest(tenant, b"scope", EAST, at_least=0, limit=9)
    assert {s.entry.turn for s in found} == {"c", "again", "d"}


async def test_entries_go_with_their_turn_or_their_session_or_their_time(semantic: Semantic) -> None:
    tenant, other, cache = new_id(), new_id(), semantic.cache
    await cache.put(tenant, b"scope", b"1", EAST, entry(tenant, "bad", "one"), 60)
    await cache.put(tenant, b"scope", b"2", EAST, entry(tenant, "good", "two"), 60)
    await cache.put(tenant, b"scope", b"3", EAST, entry(tenant, "last", "three"), 60)
    await cache.put(other, b"scope", b"1", EAST, entry(other, "bad", "one"), 60)

    async def turns(of: str) -> set[str]:
        return {s.entry.turn for s in await cache.nearest(of, b"scope", EAST, at_least=0, limit=9)}

    await cache.evict(tenant, "bad")
    assert await turns(tenant) == {"good", "last"}
    await cache.forget(f"{tenant}/session/two")
    assert await turns(tenant) == {"last"}
    semantic.expire(tenant)
    assert await turns(tenant) == set()
    assert await turns(other) == {"bad"}


@real
async def test_who_forgets_the_tenant_sees_no_answer(database: str) -> None:
    tenant = new_id()
    async with open_pool(logins_of(database).app) as pool:
        await PostgresSemanticCache(pool).put(tenant, b"scope", b"key", EAST, entry(tenant), 60)
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT count(*) FROM cached_answers")
            assert await cursor.fetchone() == (0,)
