"""How well search finds: by words, by meaning and by both, with noise in place of either; and names of one thing."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251  # drawn by a seed, the same in every run
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import click
import msgspec

from adapters.eventstore.store import open_event_store
from adapters.extract.splitting import split
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.logins import find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import open_pool
from application.acting_tenant import EVERY, act_for
from application.clock import monotonic, new_id
from application.ports.documents.corpus import NewDocument, NewPassage
from infra.bench import cisi, docstrings
from infra.bench.collection import Collection, ndcg
from infra.bench.events import LocalAuthority
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from infra.local.bedrock.embeddings import Embeddings, best_embeddings
from infra.local.installation import throwaway_data_dir
from infra.local.stack import running

DIMENSIONS = 1024
MOST = 50
NAMES = 100
AT_ONCE = 16
ALONE = frozenset({"nats", "valkey", "aws", "bedrock"})


class RankedFound(msgspec.Struct, frozen=True, kw_only=True):
    """How well one way of searching answers a collection's questions, and how long the search takes (ms)."""

    collection: str
    asked_by: str
    ndcg_at_10: float
    p50_ms: float


class Ground:
    """A corpus of its own, and the vectors that the local stand-in would give."""

    def __init__(self, corpus: PostgresCorpus, tenant: str, embeddings: Embeddings) -> None:
        self.corpus, self.tenant, self._embeddings = corpus, tenant, embeddings
        self._few = asyncio.Semaphore(AT_ONCE)
        self.added = 0

    async def vector(self, text: str) -> list[float]:
        """Of a question."""
        return list(await self._embeddings.embed(text, DIMENSIONS))

    async def add(self, title: str, text: str) -> str:
        """A document, as it is indexed in an installation; its id."""
        async with self._few:
            return await self._add(title, text)

    async def _add(self, title: str, text: str) -> str:
        id, spans = new_id(), split(text, markdown=True)
        texts = [text[start:end] for start, end in spans]
        vectors = await asyncio.gather(*(self.vector(t if title in t else f"{title}\n{t}") for t in texts))
        passages = [
            NewPassage(start=start, end=end, text=one, vector=vector)
            for (start, end), one, vector in zip(spans, texts, vectors, strict=True)
        ]
        new = NewDocument(
            document_id=id, title=title, content_hash=id.encode(), media_type="text/markdown", size=len(text)
        )
        await self.corpus.register(self.tenant, new)
        await self.corpus.index(self.tenant, id, title=title, text=text, passages=passages)
        return id


@asynccontextmanager
async def ground(database_url: str, embeddings: Embeddings, dimensions: int = DIMENSIONS) -> AsyncIterator[Ground]:
    """On a database that is migrated."""
    act_for(EVERY)
    logins = await find_logins(database_url, {})
    async with (
        open_pool(logins.app) as pool,
        open_event_store(logins, pool, LocalAuthority(), lanes=1, owner=f"bench-{new_id()}", lease_s=30) as store,
    ):
        tenant = new_id()
        await store.vault.create_tenant_key(tenant)
        yield Ground(PostgresCorpus(pool, store.vault, dimensions=dimensions), tenant, embeddings)


async def measure(on: Ground, collection: Collection) -> list[RankedFound]:
    """Every question, asked in every way; a document ranks where its best passage does."""
    added = await asyncio.gather(*(on.add(*document) for document in collection.documents.values()))
    documents = dict(zip(added, collection.documents, strict=True))
    questions = list(collection.questions.items())
    vectors = await asyncio.gather(*(on.vector(question) for _, question in questions))
    drawn = random.Random(1)
    words = " ".join(text for _, text in collection.documents.values()).split()
    ways: dict[str, tuple[Sequence[str], Sequence[list[float] | None]]] = {
        "words": ([q for _, q in questions], [None] * len(questions)),
        "meaning": ([""] * len(questions), vectors),
        "both": ([q for _, q in questions], vectors),
        "both, random vectors": ([q for _, q in questions], [_random(drawn, v) for v in vectors]),
        "both, random words": ([" ".join(drawn.choices(words, k=len(q.split()))) for _, q in questions], vectors),
        "both, another question's words": ([q for _, q in questions[7:] + questions[:7]], vectors),
    }
    return [await _ask(on, collection, documents, name, *asked) for name, asked in ways.items()]


async def _ask(
    on: Ground, collection: Collection, documents: dict[str, str], name: str,
    texts: Sequence[str], vectors: Sequence[list[float] | None],
) -> RankedFound:  # fmt: skip
    scores, times = [], []
    for id, text, vector in zip(collection.questions, texts, vectors, strict=True):
        began = monotonic()
        passages = await on.corpus.search(on.tenant, text, vector, MOST)
        times.append((monotonic() - began) * 1e3)
        ranked = list(dict.fromkeys(documents[p.document_id] for p in passages if p.document_id in documents))
        scores.append(ndcg(ranked, collection.relevant[id]))
    return RankedFound(
        collection=collection.name,
        asked_by=name,
        ndcg_at_10=round(statistics.mean(scores), 4),
        p50_ms=round(statistics.median(times), 1),
    )


def _random(drawn: random.Random, like: Sequence[float]) -> list[float]:
    """A unit vector in any direction of those that a vector has."""
    vector = [drawn.gauss(0, 1) if number else 0.0 for number in like]
    length = sum(x * x for x in vector) ** 0.5
    return [x / length for x in vector]


async def count_names(on: Ground) -> int:
    """Of a hundred orders, each in one passage about something else and with many that look alike, how often the
    passage that alone holds the asked number is first."""
    drawn, forms = random.Random(2), ("INV-{}-{:04}", "{}/{:04}-X", "ord_{}_{:04}", "{}.{}.3", "SN{}{:05}", "{}{:06}")
    names = list(dict.fromkeys(form.format(drawn.randint(1, 99), drawn.randint(1, 9_999)) for form in forms * NAMES))
    for place, name in enumerate(names[: 2 * NAMES]):
        said = f"Of {name} nothing is known." if place % 2 else f"A talk about the weather, and, in passing, {name}."
        await on.add(f"note {place}", said)
    asked = names[: 2 * NAMES : 2][:NAMES]
    first = 0
    for name in asked:
        question = f"What is known of {name}?"
        found = await on.corpus.search(on.tenant, question, await on.vector(question), 1)
        first += bool(found) and name in found[0].text
    return first


@click.command()
@recordable
@click.option("--cisi", "directory", type=click.Path(exists=True, path_type=Path),
              help="The folder with CISI.ALL, CISI.QRY and CISI.REL, to be measured instead.")  # fmt: skip
@click.option("--hashed", is_flag=True, help="Vectors of hashed words, where no sentence model is wished for.")
@click.option("--json", "as_json", is_flag=True)
def search(directory: Path | None, hashed: bool, as_json: bool) -> None:
    """nDCG@10 of search beside each of its two rankings alone, with noise in place of either; names that come first.

    The collection is the documentation that Python brings along, or CISI. On a PostgreSQL of its own, with vectors of
    the local stand-in (`make embedding` gives it a real sentence model).

    Example: colloquy bench search --cisi cisi/
    """
    collection = cisi.collection(directory) if directory else docstrings.load()
    with throwaway_data_dir() as data_dir, running(data_dir, without=ALONE) as stack:
        migrate(stack.endpoints.database_url)
        found, first, name = asyncio.run(_run(stack.endpoints.database_url, collection, hashed))
    keep({f"nDCG@10, {row.collection}, {row.asked_by}": row.ndcg_at_10 for row in found})
    if as_json:
        rows = [msgspec.to_builtins(row) for row in found]
        click.echo(json.dumps({"vectors": name, "found": rows, "names_first": first, "names": NAMES}))
        return
    click.echo(table(found))
    click.echo(f"names that stand in one passage, first: {first} of {NAMES}; vectors: {name}")


async def _run(url: str, collection: Collection, hashed: bool) -> tuple[list[RankedFound], int, str]:
    embeddings = best_embeddings(hashed=hashed)
    try:
        async with ground(url, embeddings) as on:
            return await measure(on, collection), await count_names(on), embeddings.name
    finally:
        await embeddings.close()
