"""Makes a document's passages findable, and takes them away again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection

Connection = AsyncConnection[tuple[Any, ...]]
BATCH = 200


class IndexedPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as it is stored: sealed text, vector, and how often each (blinded) word stands in it."""

    start: int
    end: int
    sealed: bytes
    vector: Sequence[float]
    terms: dict[int, int]


class IndexedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it is stored when it becomes findable: sealed title and text, and its passages."""

    tenant: str
    document_id: str
    title: bytes
    body: bytes
    passages: Sequence[IndexedPassage]
    warnings: tuple[str, ...] = ()
    encoding: str = ""


# One writer a tenant at a time: so no two can wait for each other's words, and the sums are right.
LOCK = "SELECT FROM corpora WHERE tenant = %(tenant)s FOR UPDATE"

PASSAGES = """
INSERT INTO passages (tenant, passage, document_id, starts, ends, body, embedding)
SELECT %(tenant)s, passage, document, starts, ends, body, vector::halfvec
FROM unnest(%(ids)s::bigint[], %(of)s::uuid[], %(starts)s::int[], %(ends)s::int[], %(bodies)s::bytea[],
  %(vectors)s::text[]) AS new(passage, document, starts, ends, body, vector)
"""
POSTINGS = """
INSERT INTO postings (tenant, term, passage, frequency, length)
SELECT %(tenant)s, *
FROM unnest(%(terms)s::bigint[], %(owners)s::bigint[], %(times)s::smallint[], %(lengths)s::smallint[])
"""
VOCABULARY = """
INSERT INTO vocabulary AS known (tenant, term, passages)
SELECT %(tenant)s, term, count(*) FROM unnest(%(terms)s::bigint[]) AS new(term) GROUP BY term
ON CONFLICT (tenant, term) DO UPDATE SET passages = known.passages + excluded.passages
"""
GROW = """
UPDATE corpora SET version = version + %(documents)s, passages = passages + %(passages)s, words = words + %(words)s
WHERE tenant = %(tenant)s
"""
REMOVE = """
WITH gone AS (
  DELETE FROM passages WHERE tenant = %(tenant)s AND document_id = %(document)s RETURNING passage
), lost AS (
  DELETE FROM postings USING gone WHERE tenant = %(tenant)s AND postings.passage = gone.passage
  RETURNING term, frequency
), fewer AS (
  UPDATE vocabulary SET passages = vocabulary.passages - lost.passages
  FROM (SELECT term, count(*) AS passages FROM lost GROUP BY term) AS lost
  WHERE tenant = %(tenant)s AND vocabulary.term = lost.term
)
UPDATE corpora SET version = version + 1, passages = passages - (SELECT count(*) FROM gone),
  words = words - (SELECT coalesce(sum(frequency), 0) FROM lost)
WHERE tenant = %(tenant)s
"""
UNWORD = """
WITH lost AS (
  DELETE FROM postings USING passages
  WHERE postings.tenant = %(tenant)s AND passages.tenant = %(tenant)s AND document_id = %(document)s
    AND postings.passage = passages.passage RETURNING term, frequency
), fewer AS (
  UPDATE vocabulary SET passages = vocabulary.passages - lost.passages
  FROM (SELECT term, count(*) AS passages FROM lost GROUP BY term) AS lost
  WHERE tenant = %(tenant)s AND vocabulary.term = lost.term
)
UPDATE corpora SET words = words - (SELECT coalesce(sum(frequency), 0) FROM lost) WHERE tenant = %(tenant)s
"""
FORGET = "DELETE FROM vocabulary WHERE tenant = %(tenant)s AND passages <= 0"


async def lock_corpus(connection: Connection, tenant: str) -> None:
    """Be the only one to change this tenant's corpus until the transaction ends."""
    await connection.execute(LOCK, {"tenant": tenant})


async def add_passages(connection: Connection, tenant: str, documents: Sequence[IndexedDocument]) -> None:
    """Store a tenant's documents' passages with their postings, and count them. The corpus is locked."""
    if not documents:
        return
    owned = [(document.document_id, passage) for document in documents for passage in document.passages]
    cursor = await connection.execute("SELECT nextval('passage_ids') FROM generate_series(1, %s)", (len(owned),))
    numbered = [(id, *own) for (id,), own in zip(await cursor.fetchall(), owned, strict=True)]
    for first in range(0, len(numbered), BATCH):
        rows = _rows(numbered[first : first + BATCH]) | {"tenant": tenant}
        for statement in (PASSAGES, POSTINGS, VOCABULARY):
            await connection.execute(statement, rows)
    words = sum(sum(passage.terms.values()) for _, passage in owned)
    grown = {"tenant": tenant, "documents": len(documents), "passages": len(owned), "words": words}
    await connection.execute(GROW, grown)


async def replace_words(
    connection: Connection, tenant: str, document_id: str, terms: Sequence[tuple[int, dict[int, int]]]
) -> None:
    """Other postings for a document's passages, each by its id. The corpus is locked."""
    await connection.execute("SET LOCAL statement_timeout = '120s'")
    await connection.execute(UNWORD, {"tenant": tenant, "document": document_id})
    for first in range(0, len(terms), BATCH):
        rows = _postings(terms[first : first + BATCH]) | {"tenant": tenant}
        for statement in (POSTINGS, VOCABULARY):
            await connection.execute(statement, rows)
    words = sum(sum(own.values()) for _, own in terms)
    await connection.execute(GROW, {"tenant": tenant, "documents": 1, "passages": 0, "words": words})
    await connection.execute(FORGET, {"tenant": tenant})


async def remove_passages(connection: Connection, tenant: str, document_id: str) -> None:
    """Take a document's passages and their postings away. The corpus is locked."""
    parameters = {"tenant": tenant, "document": document_id}
    await connection.execute("SET LOCAL statement_timeout = '120s'")  # the longest document has a million postings
    await connection.execute(REMOVE, parameters)
    await connection.execute(FORGET, parameters)


def columns_of(batch: Sequence[IndexedDocument]) -> dict[str, Any]:
    """Columns of documents, as arrays."""
    return {
        "documents": [document.document_id for document in batch],
        "titles": [document.title for document in batch],
        "texts": [document.body for document in batch],
        "counts": [len(document.passages) for document in batch],
        "warnings": [msgspec.json.encode(document.warnings).decode() for document in batch],
        "encodings": [document.encoding for document in batch],
    }


def _rows(batch: Sequence[tuple[int, str, IndexedPassage]]) -> dict[str, Any]:
    """Columns of passages and of postings, as arrays."""
    return {
        "ids": [id for id, _, _ in batch],
        "of": [document for _, document, _ in batch],
        "starts": [passage.start for _, _, passage in batch],
        "ends": [passage.end for _, _, passage in batch],
        "bodies": [passage.sealed for _, _, passage in batch],
        "vectors": [as_vector(passage.vector) for _, _, passage in batch],
        **_postings([(id, passage.terms) for id, _, passage in batch]),
    }


def _postings(batch: Sequence[tuple[int, dict[int, int]]]) -> dict[str, Any]:
    words = [(id, term, times, sum(terms.values())) for id, terms in batch for term, times in terms.items()]
    return {
        "owners": [word[0] for word in words],
        "terms": [word[1] for word in words],
        "times": [word[2] for word in words],
        "lengths": [word[3] for word in words],
    }


def as_vector(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it, which is as JSON."""
    return msgspec.json.encode(list(vector)).decode()  # any sequence: arrays are smaller than lists
