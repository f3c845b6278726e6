"""Documents are added once, read, found, and gone without a trace; each model call is a fact before it leaves."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from application.documents.document_streams import Accepted
from application.documents.known_names import NEWEST
from application.ports.documents.corpus import Pending
from application.ports.models.detector import Span
from application.ports.models.model import FailureKind, ModelFailure
from domain.document.events import (
    DocumentAdded,
    DocumentDeleted,
    DocumentFailed,
    DocumentIndexed,
    DocumentMoved,
    DocumentRequeued,
)
from domain.event import Envelope
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import (
    DependencyUnavailable,
    DocumentNotFound,
    DocumentRefused,
    NotFound,
)
from domain.tenant.document_collections import DocumentCollection
from tests.application.documents.harness import EDITOR, MEMBER, TENANT, House, status_of, until
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.nothing_private import NamedWords

THROTTLED = ModelFailure(FailureKind.THROTTLED, "slow down", code="ThrottlingException", refused=True)


async def test_a_document_is_added_read_and_found(house: House) -> None:
    id = await house.added("tides.md", b"# The Tide\n\nThe tide comes twice a day.")
    assert [type(event) for event in house.facts("document")] == [
        DocumentAdded, ModelCallStarted, TokensUsed, DocumentIndexed,
    ]  # fmt: skip
    [found] = await house.search(MEMBER, "when does the tide come", 5)
    assert (found.document_id, found.title) == (id, "The Tide")
    text = await house.corpus.fetch_text(TENANT, id)
    assert text is not None and text[found.start : found.end] == found.text
    used = house.facts("document")[2]
    assert isinstance(used, TokensUsed) and used.step == "embed" and used.user == "eda" and used.cost_usd > 0


async def test_no_private_value_is_embedded_and_words_still_find_it(house: House) -> None:
    await house.added("contact.md", b"# Contact\n\nWrite to ada@example.com about tides.")
    [found] = await house.search(MEMBER, "who is ada@example.com", 5)
    assert "ada@example.com" in found.text
    assert house.embedder.texts and not [text for text in house.embedder.texts if "ada@" in text]


async def test_the_file_is_kept_sealed(house: House) -> None:
    await house.added("a.txt", b"a secret recipe")
    assert all(b"secret" not in body for body in house.blobs.kept.values()) and house.blobs.kept


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../../etc/passwd.txt", "passwd.txt"), ("C:\\docs\\a.txt", "a.txt"), ("a\x00\x1b.txt", "a.txt"),
        ("", "untitled"), ("..", "untitled"), ("x" * 300 + ".txt", "x" * 251 + ".txt"), ("dir/", "dir"),
    ],
)  # fmt: skip
async def test_a_name_is_reduced_to_its_base(house: House, name: str, title: str) -> None:
    accepted = await house.add(EDITOR, name, b"text")
    row = await house.corpus.fetch(TENANT, accepted.document_id)
    assert row is not None and row.title == title


async def test_the_same_bytes_are_one_document(house: House) -> None:
    first = await house.added("a.txt", b"same")
    again = await house.add(EDITOR, "b.txt", b"same")
    assert (again.document_id, again.status) == (first, "indexed")
    assert len(house.blobs.kept) == 1


async def test_a_document_from_before_is_replaced_by_the_next_file_of_its_name(house: House) -> None:
    tenant = EDITOR.tenant
    named, cut, untitled = [await house.added(name, name.encode()) for name in ("a.txt", "b" * 300 + ".txt", "..")]
    for id in (named, cut, untitled):
        await house.corpus.make_nameless(tenant, id)
    beside = await house.added("a.txt", b"too early")
    assert len(await house.corpus.versions(tenant, beside)) == 1
    await house.delete(EDITOR, beside)
    await house.learn()
    assert await house.corpus.find_nameless(NEWEST, 9) == []
    later = await house.added("a.txt", b"tea at six")
    assert [row.document_id for row in await house.corpus.versions(tenant, named)] == [later, named]
    assert len(await house.corpus.versions(tenant, await house.added("b" * 300 + ".txt", b"another"))) == 1


async def test_a_file_of_the_same_name_is_the_next_version_and_goes_with_all_of_them(house: House) -> None:
    first = await house.added("handbook/a.txt", b"tea at four")
    other = await house.added("guide/a.txt", b"tea at six")
    second = await house.added("./handbook//a.txt", b"tea at five")
    assert {p.document_id for p in await house.search(MEMBER, "tea", 9)} == {other, second}
    [added] = [e for e in house.facts("document") if isinstance(e, DocumentAdded) and e.replaces]
    assert added.replaces == first and await house.corpus.fetch_text(TENANT, first) == "tea at four"
    kept = await house.added("a.txt", b"tea at seven", replace=False), await house.added("a.txt", b"tea", replace=False)
    assert {p.document_id for p in await house.search(MEMBER, "tea", 9)} == {other, second, *kept}
    assert await house.delete(EDITOR, second) == 2
    assert {p.document_id for p in await house.search(MEMBER, "tea", 9)} == {other, *kept}
    assert await house.corpus.fetch(TENANT, first) is None and len(house.blobs.kept) == 3


async def test_a_failed_document_is_tried_again_when_its_bytes_come_again(house: House) -> None:
    id = (await house.add(EDITOR, "a.txt", b"text")).document_id
    [claim] = await house.corpus.claim_pending(1)
    await house.read.fail(claim, "unreadable")
    assert await house.add(EDITOR, "b.txt", b"text") == Accepted(id, "pending")
    for claim in await house.corpus.claim_pending(9):
        await house.read(claim)
    assert [p.document_id for p in await house.search(MEMBER, "text", 5)] == [id]
    assert [type(fact) for fact in house.facts("document")][1:3] == [DocumentFailed, DocumentRequeued]


async def test_a_document_is_read_again_and_keeps_what_it_was_when_that_fails(house: House) -> None:
    id = await house.added("a.txt", b"tea at four")
    assert await house.reread(EDITOR, id) == await house.reread(EDITOR, id) == Accepted(id, "pending")
    assert [p.document_id for p in await house.search(MEMBER, "tea", 5)] == [id], "it can be found meanwhile"
    for claim in await house.corpus.claim_pending(9):
        await house.read(claim)
    assert sum(isinstance(fact, DocumentRequeued) for fact in house.facts("document")) == 1
    await house.reread(EDITOR, id)
    [claim] = await house.corpus.claim_pending(9)
    await house.read.fail(claim, "unreadable")
    row = await house.corpus.fetch(TENANT, id)
    assert row is not None and row.status == "indexed" and [w for w in row.warnings if "unreadable" in w]
    assert house.facts("document")[-1] == DocumentFailed(reason="unreadable", kept=True)
    assert await house.search(MEMBER, "tea", 5)
    newer = await house.added("a.txt", b"tea at five")
    assert (await house.reread(EDITOR, id)).status == "indexed", "one that was replaced stays as it was read"
    assert [p.document_id for p in await house.search(MEMBER, "tea", 5)] == [newer]
    with pytest.raises(DocumentNotFound):
        await house.reread(EDITOR, "01977c9e-2222-7000-8000-000000000001")


async def test_how_far_a_long_document_is(house: House) -> None:
    ticks = iter(range(10_000))
    read = dataclasses.replace(house.read, clock=lambda: float(next(ticks)))
    id = (await house.add(EDITOR, "a.txt", b"\n\n".join(b"tea %d " % n * 200 for n in range(80)))).document_id
    [claim] = await house.corpus.claim_pending(1)
    told = list[tuple[int, int]]()

    async def note(tenant: str, document_id: str, embedded: int, to_embed: int) -> None:
        told.append((embedded, to_embed))

    class Told(InMemoryCorpus):
        progress = staticmethod(note)

    corpus = Told()
    corpus.__dict__.update(house.corpus.__dict__)
    await dataclasses.replace(read, corpus=corpus)(claim)
    row = await house.corpus.fetch(TENANT, id)
    assert row is not None and told[-1] == (row.passages, row.passages) and len(told) == -(-row.passages // 32) > 1


async def test_collections_are_for_whom_they_are(house: House) -> None:
    house.tenants.collections["board"] = DocumentCollection(groups=("directors",))
    director = msgspec.structs.replace(EDITOR, groups=frozenset({"directors"}))
    for name in ("board", "nowhere"):
        with pytest.raises(NotFound):
            await house.add(EDITOR, "a.txt", b"tea", collection=name)
    same = await house.added("a.txt", b"tea at four")
    id = (await house.add(director, "a.txt", b"tea at four", collection="board")).document_id
    for claim in await house.corpus.claim_pending(9):
        await house.read(claim)
    assert id != same, "the same bytes for other people are another document"
    assert {p.document_id for p in await house.search(EDITOR, "tea", 5)} == {same}
    assert {p.document_id for p in await house.search(director, "tea", 5)} == {same, id}
    with pytest.raises(DocumentNotFound):
        await house.delete(EDITOR, id)
    with pytest.raises(NotFound):
        await house.move(EDITOR, same, "board")
    await house.move(director, same, "board")
    assert await house.search(EDITOR, "tea", 5) == []
    await house.move(director, same, "")
    assert [fact for fact in house.facts("document") if isinstance(fact, DocumentMoved)] == [
        DocumentMoved(collection="board"), DocumentMoved(),
    ]  # fmt: skip
    assert [p.document_id for p in await house.search(EDITOR, "tea", 5)] == [same]


async def test_what_can_be_refused_at_once_leaves_nothing(house: House) -> None:
    with pytest.raises(DocumentRefused):
        await house.add(EDITOR, "a.pdf", b"no pdf")
    assert not house.blobs.kept and not house.store.log


async def test_an_upload_that_breaks_off_can_be_tried_again(house: House) -> None:
    house.blobs.away = True
    with pytest.raises(DependencyUnavailable):
        await house.add(EDITOR, "a.txt", b"text")
    house.blobs.away = False
    assert (await house.add(EDITOR, "a.txt", b"text")).status == "pending"


async def test_refused_calls_cost_nothing_and_are_made_again(house: House) -> None:
    await house.add(EDITOR, "a.txt", b"some text")
    [claim] = await house.corpus.claim_pending(1)
    house.embedder.failure = THROTTLED
    with pytest.raises(ModelFailure):
        await house.read(claim)
    used = [event for event in house.facts("document") if isinstance(event, TokensUsed)]
    assert len(used) == 3 and all(event.cost_usd == 0 and event.failure == THROTTLED.code for event in used)
    house.embedder.failure = None
    await house.read(claim)
    assert isinstance(house.facts("document")[-1], DocumentIndexed)


class CountingStore(InMemoryEventStore):
    """Counts transactions, and loads of streams."""

    appends = loads = 0

    async def append(self, events: Sequence[Envelope]) -> int:
        self.appends += 1
        return await super().append(events)

    def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        self.loads += 1
        return super().slices(stream, after=after, upto=upto)


async def test_a_document_takes_few_transactions_whatever_its_length() -> None:
    """One to be added, and then a batch of calls and one; the end of a call waits for what is stored next."""
    for passages, batches in ((1, 1), (32, 1), (33, 2), (100, 4)):
        house = House(CountingStore())
        body = "".join(f"# Part {n}\n\n{'tide ' * 120}\n\n" for n in range(passages)).encode()
        await house.add(EDITOR, "long.md", body)
        assert isinstance(house.store, CountingStore) and (house.store.appends, house.store.loads) == (1, 0)
        [claim] = await house.corpus.claim_pending(1)
        await house.read(claim)
        indexed = house.facts("document")[-1]
        assert isinstance(indexed, DocumentIndexed) and indexed.passages == passages
        assert (house.store.appends, house.store.loads) == (1 + batches + 1, 1)
        kinds = [type(event) for event in house.facts("document")]
        assert kinds.count(ModelCallStarted) == kinds.count(TokensUsed) == passages


async def test_what_was_embedded_is_settled_when_the_next_batch_cannot_be(house: House) -> None:
    await house.add(EDITOR, "long.md", "".join(f"# Part {n}\n\n{'tide ' * 120}\n\n" for n in range(40)).encode())
    [claim] = await house.corpus.claim_pending(1)

    class Away(NamedWords):
        """The detector, until it has seen a batch."""

        seen = 0

        async def find(self, text: str) -> Sequence[Span]:
            self.seen += 1
            if self.seen > 32:
                raise DependencyUnavailable("The recogniser of names is away; try again.")
            return await super().find(text)

    embeddable = dataclasses.replace(house.read.embeddable, detector=Away())
    with pytest.raises(DependencyUnavailable):
        await dataclasses.replace(house.read, embeddable=embeddable)(claim)
    used = [event for event in house.facts("document") if isinstance(event, TokensUsed)]
    assert len(used) == 32 and not any(event.estimated for event in used)


async def test_claims_are_made_for_many_at_once(house: House) -> None:
    """Each that comes free would be a query over all that waits."""
    asked: list[int] = []

    class Counting(InMemoryCorpus):
        async def claim_pending(self, limit: int) -> list[Pending]:
            asked.append(limit)
            return await super().claim_pending(limit)

    house = House(corpus=Counting())
    ids = [(await house.add(EDITOR, f"{n}.txt", f"text {n}".encode())).document_id for n in range(200)]
    stop = asyncio.Event()
    running = asyncio.create_task(house.index.run(stop))
    for id in ids:
        await status_of(house, id, "indexed")
    stop.set()
    await asyncio.wait_for(running, 5)
    assert len(asked) <= 200 / 8 + 5 and min(asked) * 4 >= house.index.at_once


async def test_calls_left_open_by_a_dead_reader_are_settled_by_the_next(house: House) -> None:
    await house.add(EDITOR, "a.txt", b"some text")
    [claim] = await house.corpus.claim_pending(1)
    house.embedder.silent = True
    reader = asyncio.create_task(house.read(claim))
    await until(lambda: any(isinstance(event, ModelCallStarted) for event in house.facts("document")))
    reader.cancel()
    house.embedder.silent = False
    await house.read(claim)
    used = [event for event in house.facts("document") if isinstance(event, TokensUsed)]
    assert [event.estimated for event in used] == [True, False]


async def test_a_crash_between_the_fact_and_the_index_is_made_good(house: House) -> None:
    await house.add(EDITOR, "a.txt", b"some text")
    [claim] = await house.corpus.claim_pending(1)
    house.corpus.takes_no_more = True
    with pytest.raises(DependencyUnavailable):
        await house.read(claim)
    house.corpus.takes_no_more = False
    await house.read(claim)
    assert sum(isinstance(event, DocumentIndexed) for event in house.facts("document")) == 1
    assert await house.search(MEMBER, "text", 1)


async def test_a_deleted_document_is_gone_everywhere(house: House) -> None:
    id = await house.added("a.txt", b"the harbour")
    await house.delete(EDITOR, id)
    assert isinstance(house.facts("document")[-1], DocumentDeleted)
    assert not house.blobs.kept and f"{TENANT}/document/{id}" in house.store.shredded
    assert await house.search(MEMBER, "harbour", 5) == []
    with pytest.raises(DocumentNotFound):
        await house.delete(EDITOR, id)
    with pytest.raises(DocumentNotFound):
        await house.delete(EDITOR, "01977c9e-2222-7000-8000-000000000001")


async def test_a_deletion_that_was_cut_off_is_finished_by_asking_again(house: House) -> None:
    id = await house.added("a.txt", b"the harbour")
    house.blobs.away = True
    with pytest.raises(DependencyUnavailable):
        await house.delete(EDITOR, id)
    house.blobs.away = False
    with pytest.raises(DocumentNotFound):
        await house.delete(EDITOR, id)
    assert not house.blobs.kept


async def test_a_document_deleted_while_it_waits_is_not_read(house: House) -> None:
    accepted = await house.add(EDITOR, "a.txt", b"the harbour")
    [claim] = await house.corpus.claim_pending(1)
    await house.delete(EDITOR, accepted.document_id)
    await house.read(claim)
    assert house.embedder.texts == []
