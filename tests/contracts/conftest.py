"""What several contracts are tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contracts.corpora import DIMENSIONS, AnyCorpus
from tests.databases import open_corpus
from tests.fakes.in_memory_corpus import InMemoryCorpus


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)])
async def corpus(request: pytest.FixtureRequest) -> AsyncIterator[AnyCorpus]:
    if request.param == "memory":
        yield InMemoryCorpus()
        return
    async with open_corpus(request.getfixturevalue("database"), DIMENSIONS) as opened:
        yield opened
