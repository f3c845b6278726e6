"""How quickly a large corpus is searched, and how much of what is nearest its index finds."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251  # drawn by a seed, the same in every run
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import click
import msgspec
from psycopg import AsyncConnection

from adapters.postgres.migrate import migrate
from application.clock import monotonic, new_id
from application.ports.documents.corpus import NewDocument, NewPassage
from infra.bench.results import keep, recordable
from infra.bench.search import ALONE, Ground, ground
from infra.local.bedrock.embeddings import HashedEmbeddings
from infra.local.installation import throwaway_data_dir
from infra.local.stack import running

A_DOCUMENT, DIMENSIONS, TOPICS, DIRECTIONS, WORDS, SAID = 200, 512, 500, 48, 30_000, 30
QUESTIONS, BEST = 200, 10
BUILDS_IN = "512MB"
INDEX_OF_VECTORS = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%USING hnsw%%'"


class AtSize(msgspec.Struct, frozen=True, kw_only=True):
    """Of questions with six words and a vector, one after the other (ms); and of the ten nearest, how many come."""

    passages: int
    built_s: float
    words_p50_ms: float
    both_p50_ms: float
    both_p95_ms: float
    recall_at_10: float


@click.command("search-at-size")
@recordable
@click.option("--passages", default=100_000, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def search_at_size(passages: int, as_json: bool) -> None:
    """Search in a large corpus, beside all vectors read: p50 and recall@10 of its index.

    Texts are drawn (words by Zipf), and vectors about topics, as those of a sentence model lie.

    Example: colloquy bench search-at-size --passages 30000
    """
    with throwaway_data_dir() as data_dir, running(data_dir, without=ALONE) as stack:
        migrate(stack.endpoints.database_url)
        found = asyncio.run(_measure(stack.endpoints.database_url, passages))
    keep({"recall@10 of the index": found.recall_at_10})
    fields = msgspec.to_builtins(found)
    click.echo(
        json.dumps(fields) if as_json else "\n".join(f"{name:<16} {value:>12,}" for name, value in fields.items())
    )


async def _measure(url: str, passages: int) -> AtSize:
    import numpy as np

    drawn, numbers = random.Random(3), np.random.default_rng(3)
    topics, turn = numbers.normal(size=(TOPICS, DIRECTIONS)), numbers.normal(size=(DIRECTIONS, DIMENSIONS))

    def vectors(count: int) -> Any:
        of = topics[numbers.integers(TOPICS, size=count)] + 0.7 * numbers.normal(size=(count, DIRECTIONS))
        made = of @ turn + 1.5
        return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)

    weights = [1 / rank for rank in range(1, WORDS + 1)]
    words = [f"w{rank}" for rank in range(WORDS)]

    def said(count: int) -> str:
        return " ".join(drawn.choices(words, weights, k=count))

    known = vectors(passages)
    async with ground(url, HashedEmbeddings(), DIMENSIONS) as on:
        began = monotonic()
        async with _index_at_once(url, on):
            for first in range(0, passages, A_DOCUMENT):
                part = known[first : first + A_DOCUMENT]
                await _add(on, [said(SAID) for _ in part], part)
        built_s = monotonic() - began
        asked = vectors(QUESTIONS)
        right = np.argsort(-(asked @ known.T), axis=1)[:, :BEST]
        hits = 0
        by_words: list[float] = []
        both: list[float] = []
        for vector, best in zip(asked, right, strict=True):
            found = await on.corpus.search(on.tenant, "", vector.tolist(), BEST)
            hits += len({int(passage.text.split()[0][1:]) for passage in found} & {int(place) for place in best})
            for times, given in ((by_words, None), (both, vector.tolist())):
                at = monotonic()
                await on.corpus.search(on.tenant, said(6), given, BEST)
                times.append((monotonic() - at) * 1e3)
    return AtSize(
        passages=passages,
        built_s=round(built_s, 1),
        words_p50_ms=round(statistics.median(by_words), 1),
        both_p50_ms=round(statistics.median(both), 1),
        both_p95_ms=round(statistics.quantiles(both, n=20)[-1], 1),
        recall_at_10=round(hits / (QUESTIONS * BEST), 4),
    )


@asynccontextmanager
async def _index_at_once(url: str, on: Ground) -> AsyncIterator[None]:
    """The index of vectors is made when all are there, which takes a fraction of what adding one by one does; then what
    the database knows of its tables is as fresh as a corpus that has stood for a while has it."""
    await on.corpus.provision(on.tenant)
    passages = f"passages_{on.tenant.replace('-', '')}"
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(INDEX_OF_VECTORS, (passages,))
        (name, definition) = await cursor.fetchone() or ("", "")
        await connection.execute(f"DROP INDEX {name}")
        yield
        await connection.execute(f"SET maintenance_work_mem = '{BUILDS_IN}'")
        await connection.execute(definition)
        await connection.execute("VACUUM ANALYZE")


async def _add(on: Ground, texts: list[str], vectors: Any) -> None:
    """A document whose passages begin with their numbers, by which they are known again."""
    id, start, passages = new_id(), 0, []
    for text, vector in zip(texts, vectors, strict=True):
        numbered = f"p{on.added} {text}"
        passages.append(NewPassage(start=start, end=start + len(numbered), text=numbered, vector=vector.tolist()))
        start, on.added = start + len(numbered) + 1, on.added + 1
    new = NewDocument(document_id=id, title="drawn", content_hash=id.encode(), media_type="text/plain", size=start)
    await on.corpus.register(on.tenant, new)
    await on.corpus.index(on.tenant, id, title="drawn", text="-", passages=passages)
