"""Documents for the contract of a corpus: registered, and made findable by their passages."""

from __future__ import annotations

from typing import Any

from application.clock import new_id
from application.ports.documents.corpus import Corpus, NewDocument, NewPassage
from tests.databases import CorpusOfAnybody
from tests.fakes.in_memory_corpus import InMemoryCorpus

DIMENSIONS = 4
AnyCorpus = CorpusOfAnybody | InMemoryCorpus
EAST, NORTH, UP = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]


async def register(corpus: Corpus, tenant: str, id: str, **fields: Any) -> str:
    """Which document holds the file."""
    given: dict[str, Any] = {"document_id": id, "title": "x", "media_type": "text/plain", "size": 1} | fields
    return (await corpus.register(tenant, NewDocument(**given))).document_id


async def added(corpus: Corpus, tenant: str, title: str, *texts: str, vector: list[float] | None = None) -> str:
    """An indexed document whose passages are `texts`, a line each."""
    id = new_id()
    await register(corpus, tenant, id, title=title, content_hash=id.encode(), size=sum(map(len, texts)))
    await corpus.announce(tenant, id)
    whole, passages = "\n".join(texts), []
    for text in texts:
        start = whole.index(text)
        passages.append(NewPassage(start=start, end=start + len(text), text=text, vector=vector or UP))
    assert await corpus.index(tenant, id, title=title, text=whole, passages=passages)
    return id


async def waiting(corpus: Corpus, tenant: str, title: str) -> str:
    """A document that waits to be read."""
    id = new_id()
    await register(corpus, tenant, id, title=title, content_hash=id.encode())
    await corpus.announce(tenant, id)
    return id
