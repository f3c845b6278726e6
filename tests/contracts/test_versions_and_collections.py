"""Versions of a document, and collections of them, are found by those who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from application.clock import new_id
from application.documents.known_names import NEWEST
from application.ports.documents.corpus import Corpus, NewDocument, NewPassage
from tests.contracts.corpora import DIMENSIONS, UP, AnyCorpus, waiting
from tests.databases import open_corpus


async def read(corpus: Corpus, tenant: str, id: str, text: str) -> None:
    """Make a registered document findable by one passage."""
    passage = NewPassage(start=0, end=len(text), text=text, vector=UP)
    await corpus.index(tenant, id, title="x", text=text, passages=[passage])


async def named(corpus: Corpus, tenant: str, content: bytes, **fields: Any) -> tuple[str, str]:
    """A file under the name that all of these share: which document holds it, and which it replaces."""
    id = new_id()
    given: dict[str, Any] = {"title": "x", "media_type": "text/plain", "size": 1, "name": b"n" * 32} | fields
    made = await corpus.register(tenant, NewDocument(document_id=id, content_hash=content.ljust(32, b"."), **given))
    return made.document_id, made.replaces


async def found(corpus: Corpus, tenant: str, query: str, *collections: str) -> set[str]:
    return {p.document_id for p in await corpus.search(tenant, query, UP, 9, collections or ("",))}


async def test_a_later_version_takes_the_place_of_an_earlier_one_which_can_still_be_opened(corpus: Corpus) -> None:
    tenant = new_id()
    first, replaced = await named(corpus, tenant, b"one")
    assert replaced == ""
    await read(corpus, tenant, first, "the harbour")
    second, replaced = await named(corpus, tenant, b"two")
    assert replaced == first and await found(corpus, tenant, "harbour") == {first}, "it stands until the next is read"
    assert await named(corpus, tenant, b"two") == (second, "")
    await read(corpus, tenant, second, "the quay")
    assert await found(corpus, tenant, "harbour quay") == {second}
    assert [row.document_id for row in await corpus.page(tenant, after=None, limit=9)] == [second]
    assert [(row.version, row.replaced_at is None) for row in await corpus.versions(tenant, first)] == [
        (2, True), (1, False),
    ]  # fmt: skip
    assert await corpus.fetch_text(tenant, first) == "the harbour"
    assert await corpus.replaced_by(tenant, second) == [first] and await corpus.replaced_by(tenant, first) == []

    third, replaced = await named(corpus, tenant, b"one")
    assert third not in (first, second) and replaced == second, "what it once was can come back"
    fourth, _ = await named(corpus, tenant, b"four")
    await read(corpus, tenant, fourth, "the mole")
    await read(corpus, tenant, third, "the harbour again")
    assert await found(corpus, tenant, "harbour mole") == {fourth}, "overtaken while it waited"
    assert await corpus.count_passages(tenant) == 1
    elsewhere, _ = await named(corpus, tenant, b"two", name=b"m" * 32)
    assert elsewhere not in (first, third, fourth), "a version that was replaced is nobody's double"


async def test_versions_that_become_findable_together_leave_the_last_one(corpus: Corpus) -> None:
    """Whatever their order, also where one of them is read again at the same time."""
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        tenant = new_id()
        ids = [(await named(corpus, tenant, content))[0] for content in (b"one", b"two", b"three")]
        await read(corpus, tenant, ids[0], "the harbour 0")
        await corpus.requeue(tenant, ids[0])
        other = await waiting(corpus, tenant, "other")
        texts = [(ids[n], f"the harbour {n}") for n in order]
        await asyncio.gather(*(read(corpus, tenant, *text) for text in [*texts, (other, "the quay")]))
        assert await found(corpus, tenant, "harbour quay") == {ids[2], other}
        assert await corpus.count_passages(tenant) == 2
        versions = await corpus.versions(tenant, ids[0])
        assert [(row.version, row.replaced_at is None) for row in versions] == [(3, True), (2, False), (1, False)]


async def test_a_failed_version_replaces_nothing(corpus: Corpus) -> None:
    tenant = new_id()
    first, _ = await named(corpus, tenant, b"one")
    await read(corpus, tenant, first, "the harbour")
    second, _ = await named(corpus, tenant, b"two")
    await corpus.fail(tenant, second, "unreadable")
    assert await found(corpus, tenant, "harbour") == {first} and await corpus.replaced_by(tenant, second) == []
    assert await named(corpus, tenant, b"two") == (second, "")


async def test_a_document_is_found_while_it_is_read_again(corpus: AnyCorpus) -> None:
    tenant = new_id()
    id, _ = await named(corpus, tenant, b"one")
    await read(corpus, tenant, id, "the harbour")
    await corpus.requeue(tenant, id)
    await corpus.progress(tenant, id, 3, 9)
    row = await corpus.fetch(tenant, id)
    assert row is not None and (row.status, row.embedded, row.to_embed, row.claimed) == ("pending", 3, 9, False)
    assert await found(corpus, tenant, "harbour") == {id}
    [claim] = [claim for claim in await corpus.pending.claim_pending(1_000) if claim.document_id == id]
    assert claim.attempt == 1
    await read(corpus, tenant, id, "the quay")
    assert await corpus.count_passages(tenant) == 1 and await corpus.fetch_text(tenant, id) == "the quay"

    await corpus.requeue(tenant, id)
    await corpus.fail(tenant, id, "unreadable")
    row = await corpus.fetch(tenant, id)
    assert row is not None and (row.status, row.reason) == ("indexed", None) and "unreadable" in row.warnings[-1]
    assert await found(corpus, tenant, "quay") == {id}


async def test_collections_are_seen_by_those_who_may(corpus: Corpus) -> None:
    tenant = new_id()
    open_, _ = await named(corpus, tenant, b"one")
    closed, _ = await named(corpus, tenant, b"two", collection="board")
    other, _ = await named(corpus, tenant, b"three", collection="staff")
    for id in (open_, closed, other):
        await read(corpus, tenant, id, f"the harbour {id}")
    for seen, them in (
        ((), {open_}), (("board",), {closed}), (("", "staff"), {open_, other}),
        (("", "board", "staff"), {open_, closed, other}), (("nobody",), set()),
    ):  # fmt: skip
        assert await found(corpus, tenant, "harbour", *seen) == them
        listed = await corpus.page(tenant, after=None, limit=9, collections=seen or ("",))
        assert {row.document_id for row in listed} == them
        assert {p.document_id for p in await corpus.search(tenant, "harbour", None, 9, seen or ("",))} == them
        assert {p.document_id for p in await corpus.search(tenant, "", UP, 9, seen or ("",))} == them
    before = await corpus.version(tenant)
    await corpus.move(tenant, closed, "staff")
    assert await corpus.version(tenant) > before and not await corpus.holds(tenant, "board")
    assert await found(corpus, tenant, "harbour", "board") == set() and await corpus.holds(tenant, "staff")
    row = await corpus.fetch(tenant, closed)
    assert row is not None and row.collection == "staff"
    again, replaced = await named(corpus, tenant, b"four", collection="staff")
    assert replaced in (closed, other) and again not in (closed, other)


@pytest.mark.real
async def test_a_large_corpus_is_seen_by_those_who_may(request: pytest.FixtureRequest) -> None:
    async with open_corpus(request.getfixturevalue("database"), DIMENSIONS, exact_below=1) as corpus:
        tenant = new_id()
        open_, _ = await named(corpus, tenant, b"one")
        closed, _ = await named(corpus, tenant, b"two", collection="board")
        for id in (open_, closed):
            await read(corpus, tenant, id, f"the harbour {id}")
        assert await found(corpus, tenant, "harbour") == {open_}
        assert await found(corpus, tenant, "harbour", "board") == {closed}
        assert await found(corpus, tenant, "harbour", "", "board") == {open_, closed}


async def test_documents_from_before_go_by_their_names_once_these_are_learned(corpus: AnyCorpus) -> None:
    tenant, ids = new_id(), list[str]()
    for content in (b"one", b"two", b"three"):
        ids.append((await named(corpus, tenant, content, name=None))[0])
        await corpus.make_nameless(tenant, ids[-1])
    found = [id for owner, id in await corpus.pending.find_nameless(NEWEST, 10_000) if owner == tenant]
    assert found == ids[::-1], "the newest first"
    assert ids[1] not in [id for _, id in await corpus.pending.find_nameless(ids[1], 10_000)]
    await corpus.know_by(tenant, ids[2], b"n" * 32)
    await corpus.know_by(tenant, ids[1], b"n" * 32)
    await corpus.know_by(tenant, ids[0], None)
    await corpus.know_by(tenant, ids[2], b"m" * 32)
    await corpus.know_by(tenant, new_id(), b"n" * 32)
    assert not [id for owner, id in await corpus.pending.find_nameless(NEWEST, 10_000) if owner == tenant]
    assert (await named(corpus, tenant, b"four", name=b"m" * 32))[1] == "", "what is known stays"
    assert (await named(corpus, tenant, b"five"))[1] == ids[2]
