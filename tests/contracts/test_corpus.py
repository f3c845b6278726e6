"""The corpus keeps its promises, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from adapters.database_transactions import one_statement
from application.clock import new_id
from application.ports.documents.corpus import Corpus, NewPassage
from application.ports.documents.extractor import PassagePlace
from application.ports.facts.keys import KeyDamaged, KeyUnusable
from tests.contracts.corpora import DIMENSIONS, EAST, NORTH, UP, AnyCorpus, added, register, waiting
from tests.databases import open_corpus
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.plaintext import files_that_tell


async def test_a_document_waits_then_is_found_then_is_gone(corpus: Corpus) -> None:
    tenant, id = new_id(), new_id()
    assert await corpus.version(tenant) == 0
    name = {"title": "tide.txt", "content_hash": b"1", "size": 20}
    assert await register(corpus, tenant, id, **name) == id
    row = await corpus.fetch(tenant, id)
    assert row is not None and (row.title, row.status, row.passages, row.size) == ("tide.txt", "pending", 0, 20)
    assert await corpus.fetch_text(tenant, id) is None

    place = PassagePlace(page=3, row=7, heading="Ebb & Flut")
    passages = [NewPassage(start=0, end=20, text="The tide comes twice", vector=EAST, place=place)]
    read = {"warnings": ("Page 4 is damaged.",), "encoding": "utf-8"}
    assert await corpus.index(tenant, id, title="Tides", text="The tide comes twice", passages=passages, **read)  # type: ignore[arg-type]
    row = await corpus.fetch(tenant, id)
    assert row is not None and (row.title, row.status, row.passages) == ("Tides", "indexed", 1)
    assert (row.warnings, row.encoding) == (("Page 4 is damaged.",), "utf-8")
    [found] = await corpus.search(tenant, "tide", None, 1)
    assert (found.text, found.page, found.row, found.heading) == ("The tide comes twice", 3, 7, "Ebb & Flut")
    assert await corpus.fetch_text(tenant, id) == "The tide comes twice"
    assert (await corpus.version(tenant), await corpus.count_passages(tenant)) == (1, 1)
    [found] = await corpus.search(tenant, "tides", None, 5)
    assert (found.document_id, found.title, found.text, found.start, found.end) == (
        id, "Tides", "The tide comes twice", 0, 20,
    )  # fmt: skip

    assert await corpus.delete(tenant, id)
    assert not await corpus.delete(tenant, id)
    assert await corpus.fetch(tenant, id) is None
    assert await corpus.search(tenant, "tides", EAST, 5) == []
    assert (await corpus.version(tenant), await corpus.count_passages(tenant)) == (2, 0)


async def test_the_same_content_is_one_document_of_a_tenant(corpus: Corpus) -> None:
    tenant, first, second = new_id(), new_id(), new_id()
    name = {"title": "a", "content_hash": b"same"}
    assert await register(corpus, tenant, first, **name) == first
    assert await register(corpus, tenant, second, **name) == first
    assert await register(corpus, new_id(), second, **name) == second
    assert await corpus.fetch(tenant, second) is None


async def test_documents_that_become_findable_together_are_each_counted_and_found(corpus: AnyCorpus) -> None:
    """Of several tenants at the same time; one that was deleted meanwhile stays gone, one that is damaged is alone."""
    tenants, ids = [new_id() for _ in range(3)], [new_id() for _ in range(12)]
    owned = [(tenants[n % 3], id) for n, id in enumerate(ids)]
    for tenant, id in owned:
        await register(corpus, tenant, id, title=id, content_hash=id.encode())
    await corpus.delete(*owned[0])

    async def index(tenant: str, id: str) -> bool:
        text = f"harbour {id}"
        passages = [NewPassage(start=0, end=len(text), text=text, vector=EAST)]
        return await corpus.index(tenant, id, title=id, text=text, passages=passages, warnings=(f"of {id}", "two"))

    assert await asyncio.gather(*(index(*own) for own in owned)) == [False] + [True] * 11
    assert await asyncio.gather(*(index(*own) for own in owned[:4])) == [False] * 4
    for place, tenant in enumerate(tenants):
        own = {id for of, id in owned[1:] if of == tenant}
        assert (await corpus.version(tenant), await corpus.count_passages(tenant)) == (
            len(own) + (place == 0),
            len(own),
        )
        found = await corpus.search(tenant, "harbour", None, 50)
        assert {p.document_id: p.text for p in found} == {id: f"harbour {id}" for id in own}
        rows = await corpus.page(tenant, after=None, limit=50)
        assert {row.document_id: row.warnings for row in rows} == {id: (f"of {id}", "two") for id in own}


async def test_tenants_take_turns_in_being_claimed(corpus: AnyCorpus) -> None:
    """However much one of them has brought before the others came; nothing is claimed twice."""
    many, few = new_id(), new_id()
    mine = {await waiting(corpus, tenant, "x") for tenant in (many,) * 12 + (few,) * 2}
    claimed: list[tuple[str, str]] = []
    while claims := await corpus.pending.claim_pending(8):
        claimed += [(claim.tenant, claim.document_id) for claim in claims if claim.document_id in mine]
    assert sorted(id for _, id in claimed) == sorted(mine)
    if not isinstance(corpus, InMemoryCorpus):  # the fake takes them in order
        assert few in {tenant for tenant, _ in claimed[:4]}


async def test_meaning_and_words_are_fused(corpus: Corpus) -> None:
    tenant = new_id()
    words = await added(corpus, tenant, "w", "quarterly revenue of the harbour", vector=NORTH)
    meaning = await added(corpus, tenant, "m", "earnings at the port, by season", vector=EAST)
    both = await added(corpus, tenant, "b", "harbour revenue", vector=[0.9, 0.1, 0.0, 0.0])
    await added(corpus, tenant, "n", "a recipe for soup", vector=UP)
    found = [p.document_id for p in await corpus.search(tenant, "harbour revenue", EAST, 3)]
    assert found[0] == both and set(found) == {words, meaning, both}
    assert {p.document_id for p in await corpus.search(tenant, "harbour", None, 5)} == {words, both}
    assert [p.document_id for p in await corpus.search(tenant, "", EAST, 1)] == [meaning]
    assert await corpus.search(tenant, "nothing alike", None, 5) == []


async def test_scores_fall_and_as_many_come_as_there_are(corpus: Corpus) -> None:
    tenant = new_id()
    await added(corpus, tenant, "many", *[f"harbour number {n} {'x' * n}" for n in range(60)])
    found = await corpus.search(tenant, "harbour", UP, 50)
    assert len(found) == 50
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


async def test_a_tenant_sees_only_its_own(corpus: Corpus) -> None:
    one, other = new_id(), new_id()
    id = await added(corpus, one, "secret plan", "the harbour at dawn", vector=EAST)
    await added(corpus, other, "weather", "rain", vector=EAST)
    assert await corpus.fetch(other, id) is None
    assert await corpus.fetch_text(other, id) is None
    assert not await corpus.delete(other, id)
    assert id not in {p.document_id for p in await corpus.search(other, "harbour", EAST, 50)}
    assert id not in {row.document_id for row in await corpus.page(other, after=None, limit=100)}


async def test_pages_go_from_new_to_old(corpus: Corpus) -> None:
    tenant = new_id()
    ids = [await added(corpus, tenant, f"{n}", f"text {n}") for n in range(5)]
    await register(corpus, tenant, waiting := new_id(), title="p", content_hash=b"p")
    first = await corpus.page(tenant, after=None, limit=4)
    rest = await corpus.page(tenant, after=first[-1].document_id, limit=4)
    assert [row.document_id for row in [*first, *rest]] == [waiting, *reversed(ids)]
    assert [row.document_id for row in await corpus.page(tenant, after=None, limit=9, status="pending")] == [waiting]


async def test_a_failed_document_says_why(corpus: Corpus) -> None:
    tenant, id = new_id(), new_id()
    await register(corpus, tenant, id, title="x", content_hash=b"x")
    await corpus.fail(tenant, id, "password_protected")
    row = await corpus.fetch(tenant, id)
    assert row is not None and (row.status, row.reason) == ("failed", "password_protected")
    assert not await corpus.index(tenant, id, title="x", text="x", passages=[])


async def test_a_pending_document_is_claimed_once_and_may_be_given_back(
    corpus: AnyCorpus,
) -> None:
    tenant, id = new_id(), new_id()
    await register(corpus, tenant, id, title="x.txt", content_hash=b"x")
    assert id not in {claim.document_id for claim in await corpus.pending.claim_pending(1_000)}, "not announced"
    await corpus.announce(tenant, id)
    [claim] = [claim for claim in await corpus.pending.claim_pending(1_000) if claim.document_id == id]
    assert (claim.tenant, claim.title, claim.media_type, claim.attempt) == (tenant, "x.txt", "text/plain", 1)
    assert id not in {claim.document_id for claim in await corpus.pending.claim_pending(1_000)}
    await corpus.pending.renew([claim])
    await corpus.pending.release(claim, delay_s=0)
    [again] = [claim for claim in await corpus.pending.claim_pending(1_000) if claim.document_id == id]
    assert again.attempt == 1


async def test_an_announcement_ends_the_wait(corpus: AnyCorpus) -> None:
    tenant, id = new_id(), new_id()
    await register(corpus, tenant, id, title="x", content_hash=b"x")
    waiting = asyncio.create_task(corpus.pending.wait_pending(20))
    while not waiting.done():  # announced again, should the first have come before the wait began
        await corpus.announce(tenant, id)
        await asyncio.wait([waiting], timeout=0.2)
    await waiting


@pytest.mark.real
async def test_nothing_can_be_read_in_any_file_of_the_database(database: str) -> None:
    """Neither before a document goes nor after, neither in tables and indexes nor in the write-ahead log."""
    tenant, secrets = new_id(), (b"zanzibarquokka", b"zanzibarquokk", b"Mistletoe Ledger", b"mistleto")
    async with open_corpus(database, DIMENSIONS) as corpus:
        id = await added(corpus, tenant, "Mistletoe Ledger", "the zanzibarquokka sleeps", vector=EAST)
        assert await corpus.search(tenant, "zanzibarquokka", None, 1)
        await corpus.delete(tenant, id)
    assert await asyncio.to_thread(files_that_tell, database, secrets) == []


@pytest.mark.real
async def test_who_forgets_the_tenant_sees_nothing(database: str) -> None:
    async with open_corpus(database, DIMENSIONS) as corpus:
        tenant = new_id()
        await added(corpus, tenant, "a", "the harbour")
        partition = f"passages_{tenant.replace('-', '')}"
        async with one_statement(corpus._pool) as connection:
            for table in ("documents", "corpora", "vocabulary", "passages", "postings"):
                cursor = await connection.execute(f"SELECT count(*) FROM {table}")
                assert await cursor.fetchone() == (0,), table
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"SELECT * FROM {partition}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute("DROP TABLE documents")


@pytest.mark.real
async def test_a_large_corpus_is_searched_through_its_index(database: str) -> None:
    """The index is approximate: it must not lose what an exact scan finds in a small tenant."""
    async with open_corpus(database, DIMENSIONS, exact_below=10) as corpus:
        tenant = new_id()
        near = await added(corpus, tenant, "near", "one", vector=EAST)
        await added(corpus, tenant, "far", *[f"line {n} end" for n in range(40)], vector=UP)
        found = await corpus.search(tenant, "", EAST, 41)
        assert found[0].document_id == near and len(found) == 41


@pytest.mark.real
async def test_a_question_reads_so_many_places_of_words(database: str) -> None:
    """However often a word stands in a corpus, a question reads no more than so many of its places."""
    async with open_corpus(database, DIMENSIONS, exact_below=10, most_postings=8) as corpus:
        tenant = new_id()
        await added(corpus, tenant, "many", *[f"harbour line {n}" for n in range(60)], vector=UP)
        told = [f"quokka {word}" for word in ("alpha", "harbour", "omega")]
        rare = await added(corpus, tenant, "rare", *told, vector=UP)
        assert len(await corpus.search(tenant, "harbour", None, 50)) == 8
        found = await corpus.search(tenant, "the quokka of the harbour", UP, 3)
        assert {passage.document_id for passage in found} == {rare}


class FailingSealer(InMemorySealer):
    """Raises `faults[stream]` for what was sealed with that stream's key."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, Exception] = {}

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        if fault := self.faults.get(stream):
            raise fault
        return await super().unseal(stream, sealed, context)


@pytest.mark.real
async def test_a_key_that_cannot_be_used_postpones_its_document_and_no_other(database: str) -> None:
    sealer, tenant = FailingSealer(), new_id()
    async with open_corpus(database, DIMENSIONS, sealer) as corpus:
        bad, good = [await waiting(corpus, tenant, title) for title in ("bad", "good")]
        sealer.faults[f"{tenant}/document/{bad}"] = KeyUnusable()
        claims = [claim for claim in await corpus.pending.claim_pending(100) if claim.tenant == tenant]
        assert [(claim.document_id, claim.title) for claim in claims] == [(good, "good")]
        sealer.faults.clear()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE documents SET claimable_at = now() WHERE document_id = %s", (bad,))
        (again,) = [claim for claim in await corpus.pending.claim_pending(100) if claim.tenant == tenant]
        assert (again.document_id, again.title, again.attempt) == (bad, "bad", 1), "no attempt was used up"


@pytest.mark.real
@pytest.mark.parametrize("fault", [KeyDamaged(), ValueError("altered")], ids=lambda fault: type(fault).__name__)
async def test_what_is_damaged_is_left_out_and_the_others_are_shown(database: str, fault: Exception) -> None:
    sealer, tenant = FailingSealer(), new_id()
    async with open_corpus(database, DIMENSIONS, sealer) as corpus:
        bad, good = [await added(corpus, tenant, title, f"tide {title}") for title in ("bad", "good")]
        sealer.faults[f"{tenant}/document/{bad}"] = fault
        rows = await corpus.page(tenant, after=None, limit=10)
        assert {row.document_id: row.title for row in rows} == {bad: "", good: "good"}
        assert [found.document_id for found in await corpus.search(tenant, "tide", UP, 5)] == [good]


async def test_documents_are_found_by_words_as_they_are_read_now(corpus: AnyCorpus) -> None:
    tenant = new_id()
    id = await added(corpus, tenant, "dues.txt", "The harbour master takes dues", "INV-2024-0815 was paid")
    await corpus.make_stale(tenant, id)
    assert await corpus.search(tenant, "harbour", None, 5) == []
    other = await added(corpus, tenant, "tide.txt", "The tide comes twice")
    assert [place for place in await corpus.pending.find_stale(("", new_id()), 10_000) if place[0] == tenant]
    version = await corpus.version(tenant)
    assert await corpus.refresh_words(tenant, id)
    assert not await corpus.refresh_words(tenant, id), "once is enough"
    assert not await corpus.refresh_words(tenant, new_id()), "it is gone"
    assert await corpus.version(tenant) > version
    assert (await corpus.search(tenant, "harbour", None, 5))[0].text == "The harbour master takes dues"
    assert (await corpus.search(tenant, "inv-2024-0815", None, 5))[0].text == "INV-2024-0815 was paid"
    assert await corpus.delete(tenant, id), "and what it was counted by goes with it"
    assert await corpus.search(tenant, "harbour", None, 5) == []
    assert [found.document_id for found in await corpus.search(tenant, "tide", None, 5)] == [other]


async def test_a_passage_that_alone_holds_a_name_comes_first(corpus: AnyCorpus) -> None:
    """Whatever is nearer in meaning, and however many passages share the parts of the name."""
    tenant = new_id()
    for n in range(12):
        near = f"Order INV-2024-08{n + 20} of the order of 2024, an order that was ordered: INV"
        await added(corpus, tenant, f"{n}.txt", near, vector=EAST)
    alone = "What was said of inv-2024-0815/A in passing, in a passage about another thing."
    id = await added(corpus, tenant, "alone.txt", alone, vector=NORTH)
    question = "What became of order INV-2024-0815?"
    assert (await corpus.search(tenant, question, EAST, 5))[0].document_id == id
    assert (await corpus.search(tenant, question, None, 5))[0].document_id == id
