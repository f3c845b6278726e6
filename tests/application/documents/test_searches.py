"""A search is a fact of its own and costs; what is away leaves words to search by, and documents to be read later."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest

from application.clock import now
from application.ports.models.model import Embedding, FailureKind, ModelFailure
from domain.document.events import (
    DocumentFailed,
)
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.models import Price
from domain.refusals import (
    DependencyUnavailable,
    InvalidField,
    InvalidRange,
)
from domain.tenant.budget import AgreedPrice
from domain.usage import cost_of
from tests.application.documents.harness import EDITOR, MEMBER, TENANT, House, status_of, until
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.scripted_model import WordEmbedder

THROTTLED = ModelFailure(FailureKind.THROTTLED, "slow down", code="ThrottlingException", refused=True)


async def test_a_search_is_a_fact_of_its_own_and_costs(house: House) -> None:
    await house.added("a.txt", b"the harbour")
    await house.search(MEMBER, "harbour", 5)
    started, used = house.facts("search")
    assert isinstance(started, ModelCallStarted) and isinstance(used, TokensUsed)
    assert started.user == used.user == "mel" and used.usage.input_tokens > 0


async def test_a_tenant_without_documents_asks_no_model(house: House) -> None:
    assert await house.search(MEMBER, "harbour", 5) == []
    assert house.embedder.texts == [] and house.store.log == []


async def test_words_are_enough_when_the_model_is_away(house: House) -> None:
    id = await house.added("a.txt", b"the harbour")
    house.embedder.failure = THROTTLED
    assert [passage.document_id for passage in await house.search(MEMBER, "harbour", 5)] == [id]


async def test_words_are_enough_when_the_model_is_silent_and_the_call_is_charged(house: House) -> None:
    id = await house.added("a.txt", b"the harbour")

    class Silent(WordEmbedder):
        async def embed(self, text: str, *, deadline_s: float = 10.0) -> Embedding:
            await asyncio.sleep(deadline_s)
            raise ModelFailure(FailureKind.TIMED_OUT, "no vector in time")

    search = dataclasses.replace(house.search, embedder=Silent(), within_s=0.1)
    async with asyncio.timeout(2):
        assert [passage.document_id for passage in await search(MEMBER, "harbour", 5)] == [id]
    used = house.facts("search")[-1]
    assert isinstance(used, TokensUsed) and used.estimated and used.cost_usd > 0


async def test_documents_that_cannot_be_asked_in_time(house: House) -> None:
    await house.added("a.txt", b"the harbour")

    class Stuck(InMemoryCorpus):
        async def count_passages(self, tenant: str) -> int:
            await asyncio.Event().wait()
            return 0

    search = dataclasses.replace(house.search, corpus=Stuck(), within_s=0.1)
    with pytest.raises(DependencyUnavailable):
        await search(MEMBER, "harbour", 5)


@pytest.mark.parametrize(("query", "k"), [("", 5), ("  ", 5), ("x" * 10_001, 5)])
async def test_bad_queries(house: House, query: str, k: int) -> None:
    with pytest.raises(InvalidField):
        await house.search(MEMBER, query, k)
    for wrong in (0, -1, 51):
        with pytest.raises(InvalidRange):
            await house.search(MEMBER, "x", wrong)


async def test_the_loop_reads_what_comes_and_says_what_failed(house: House) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(house.index.run(stop))
    good = [(await house.add(EDITOR, f"{n}.txt", f"text {n}".encode())).document_id for n in range(20)]
    bad = (await house.add(EDITOR, "a.pdf", b"%PDF-1.7 broken")).document_id
    for id in good:
        await status_of(house, id, "indexed")
    await status_of(house, bad, "failed")
    assert any(isinstance(event, DocumentFailed) and event.reason == "unreadable" for event in house.facts("document"))
    stop.set()
    await asyncio.wait_for(running, 5)


async def test_what_is_away_postpones_and_what_kills_its_readers_is_given_up() -> None:
    house = House(longest_delay_s=0.0)
    id = (await house.add(EDITOR, "a.txt", b"text")).document_id
    house.blobs.away = True
    stop = asyncio.Event()
    running = asyncio.create_task(house.index.run(stop))
    await until(lambda: house.index._setbacks >= 10)
    house.blobs.away = False
    await status_of(house, id, "indexed")
    deadly = (await house.add(EDITOR, "b.txt", b"deadly")).document_id
    house.corpus._tenants[TENANT][deadly].attempt = 5
    await status_of(house, deadly, "failed")
    stop.set()
    await asyncio.wait_for(running, 5)


async def test_documents_and_searches_cost_the_tenants_own_price(house: House) -> None:
    price = Price(Decimal("0.01"), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    own = AgreedPrice(model=house.embedder.model, since=now() - timedelta(days=1), price=price)
    house.tenants.prices = (own,)
    await house.added("notes.txt", b"The mill stands by the river.")
    await house.search(MEMBER, "Where is the mill?", 3)
    for kind in ("document", "search"):
        (used,) = (fact for fact in house.facts(kind) if isinstance(fact, TokensUsed))
        assert (used.agreed, used.price_version) == (price, own.version)
        assert used.cost_usd == cost_of(used.model, used.usage, price) != 0
