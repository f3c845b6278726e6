"""Files that kill, hang or swell their reader harm nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.extract.kinds import HTML, PDF, TEXT
from adapters.extract.pool import ProcessExtractor
from domain.refusals import DocumentRefused
from tests.adapters.extract.files import pdf

pytestmark = pytest.mark.real


@pytest.fixture
async def extractor() -> AsyncIterator[ProcessExtractor]:
    extractor = ProcessExtractor(children=2, max_pages=10, seconds=2)
    yield extractor
    await extractor.close()


async def test_many_at_once_each_get_their_own_answer(extractor: ProcessExtractor) -> None:
    texts = [f"text number {n}" for n in range(30)]
    read = await asyncio.gather(*(extractor.extract(TEXT, text.encode()) for text in texts))
    assert [one.text for one in read] == texts
    assert [one.spans for one in read] == [((0, len(text)),) for text in texts]


async def test_a_refusal_comes_back_with_its_reason(extractor: ProcessExtractor) -> None:
    with pytest.raises(DocumentRefused) as refused:
        await extractor.extract(PDF, pdf("x", password="secret"))
    assert refused.value.reason == "password_protected"
    assert (await extractor.extract(TEXT, b"next")).text == "next"


async def test_a_file_that_takes_too_long_costs_only_itself(extractor: ProcessExtractor) -> None:
    slow = b"<html>" + b"<div>" * 100_000 + b"x"
    hung = asyncio.create_task(extractor.extract(HTML, slow))
    others = await asyncio.gather(*(extractor.extract(TEXT, b"quick") for _ in range(10)))
    assert all(other.text == "quick" for other in others)
    with pytest.raises(DocumentRefused) as refused:
        await hung
    assert refused.value.reason == "unreadable"
    assert (await extractor.extract(TEXT, b"next")).text == "next"


async def test_a_reader_whose_question_was_given_up_is_not_asked_again(extractor: ProcessExtractor) -> None:
    given_up = asyncio.create_task(extractor.extract(HTML, b"<html>" + b"<div>" * 20_000 + b"x"))
    await asyncio.wait([given_up], timeout=0.5)
    given_up.cancel()
    read = await asyncio.gather(*(extractor.extract(TEXT, f"n {n}".encode()) for n in range(6)))
    assert [one.text for one in read] == [f"n {n}" for n in range(6)]
