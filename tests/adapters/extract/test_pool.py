"""Files that kill, hang or swell their reader harm nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest

from adapters.extract.kinds import DOCX, HTML, PDF, TEXT
from adapters.extract.pool import ProcessExtractor
from domain.refusals import DocumentRefused, Overloaded, UnsupportedMediaType
from tests.adapters.extract.files import pdf, word

pytestmark = pytest.mark.real


@pytest.fixture
async def extractor() -> AsyncIterator[ProcessExtractor]:
    extractor = ProcessExtractor(children=2, max_pages=10, seconds=2)
    yield extractor
    await extractor.close()


async def test_many_at_once_each_get_their_own_answer(extractor: ProcessExtractor) -> None:
    texts = [f"text number {n}" for n in range(30)]
    read = await asyncio.gather(*(extractor.extract(TEXT, BytesIO(text.encode())) for text in texts))
    assert [one.text for one in read] == texts
    assert [one.spans for one in read] == [((0, len(text)),) for text in texts]


async def test_a_reader_is_worn_by_foreign_parsers_sooner_than_by_texts() -> None:
    extractor = ProcessExtractor(children=1, max_pages=10, worn=20)

    async def kept_after(kind: str, body: bytes, times: int) -> int:
        for _ in range(times):
            await extractor.extract(kind, BytesIO(body))
        return len(extractor._children)

    try:
        assert (await kept_after(TEXT, b"text", 19), await kept_after(TEXT, b"text", 1)) == (1, 0)
        page = b"<html><body>page</body></html>"
        assert (await kept_after(HTML, page, 1), await kept_after(HTML, page, 1)) == (1, 0)
    finally:
        await extractor.close()


async def test_a_refusal_comes_back_with_its_reason(extractor: ProcessExtractor) -> None:
    with pytest.raises(DocumentRefused) as refused:
        await extractor.extract(PDF, BytesIO(pdf("x", password="secret")))
    assert refused.value.reason == "password_protected"
    assert (await extractor.extract(TEXT, BytesIO(b"next"))).text == "next"


async def test_a_file_that_takes_too_long_costs_only_itself(extractor: ProcessExtractor) -> None:
    slow = b"<html>" + b"<div>" * 100_000 + b"x"
    hung = asyncio.create_task(extractor.extract(HTML, BytesIO(slow)))
    others = await asyncio.gather(*(extractor.extract(TEXT, BytesIO(b"quick")) for _ in range(10)))
    assert all(other.text == "quick" for other in others)
    with pytest.raises(DocumentRefused) as refused:
        await hung
    assert refused.value.reason == "unreadable"
    assert (await extractor.extract(TEXT, BytesIO(b"next"))).text == "next"


async def test_a_reader_whose_question_was_given_up_is_not_asked_again(extractor: ProcessExtractor) -> None:
    given_up = asyncio.create_task(extractor.extract(HTML, BytesIO(b"<html>" + b"<div>" * 20_000 + b"x")))
    await asyncio.wait([given_up], timeout=0.5)
    given_up.cancel()
    read = await asyncio.gather(*(extractor.extract(TEXT, BytesIO(f"n {n}".encode())) for n in range(6)))
    assert [one.text for one in read] == [f"n {n}" for n in range(6)]


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.txt", b"x" * 100_000, TEXT), ("a.pdf", pdf("x"), PDF), ("a.docx", word("x"), DOCX),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 9_000 + "EncryptedPackage".encode("utf-16-le"), DOCX),
    ],
)  # fmt: skip
async def test_kinds_are_told_by_a_process(extractor: ProcessExtractor, name: str, body: bytes, kind: str) -> None:
    assert await extractor.sniff(name, BytesIO(body)) == kind


async def test_what_no_process_reads_is_refused_with_its_reason(extractor: ProcessExtractor) -> None:
    with pytest.raises(UnsupportedMediaType):
        await extractor.sniff("a.exe", BytesIO(b"MZ\x90\x00"))
    with pytest.raises(DocumentRefused) as refused:
        await extractor.sniff("a.txt", BytesIO(b""))
    assert refused.value.reason == "empty_file"
    with pytest.raises(DocumentRefused) as lied:
        await extractor.sniff("a.pdf", BytesIO(b"PK\x03\x04" + b"x" * 10_000))
    assert lied.value.reason == "type_mismatch"


async def test_who_finds_no_reader_in_time_is_told_when_to_come_back() -> None:
    busy = ProcessExtractor(children=0, max_pages=10, queue_s=0)
    with pytest.raises(Overloaded) as refused:
        await busy.sniff("a.txt", BytesIO(b"x"))
    assert refused.value.retry_after_s
