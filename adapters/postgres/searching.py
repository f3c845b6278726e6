"""Ranks a tenant's passages by meaning and by words, and fuses the two rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from adapters.postgres.indexing import as_vector

Connection = AsyncConnection[tuple[Any, ...]]

# Measured on the CISI collection with MiniLM vectors (`colloquy bench documents`): the fusion gains over the better
# of its two parts at every value tried (10 to 100), the most near 20.
RANK_CONSTANT = 20
EACH = 100
"""How many passages either ranking brings to the fusion."""
K1, B = 1.2, 0.75
MOST_POSTINGS = 30_000
"""A long question is reduced to its most telling words so that it reads no more than this."""
EXACT_BELOW = 20_000
"""Passages up to which reading all vectors is both exact and quick."""

SIZE = "SELECT passages FROM corpora WHERE tenant = %(tenant)s"

# BM25 (Robertson and Zaragoza, 2009): what a word weighs is known before its postings are read.
BY_WORDS = """
asked AS (
  SELECT term, known.passages, corpora.words::float8 / corpora.passages AS average,
    times * ln(1 + (corpora.passages - known.passages + 0.5::float8) / (known.passages + 0.5::float8)) AS weight
  FROM unnest(%(terms)s::bigint[], %(times)s::int[]) AS question(term, times)
  JOIN vocabulary AS known USING (term) JOIN corpora USING (tenant)
  WHERE tenant = %(tenant)s AND known.passages > 0 AND corpora.passages > 0
), telling AS (
  SELECT * FROM (SELECT *, sum(passages) OVER (ORDER BY weight DESC, term) AS reads FROM asked) AS asked
  WHERE reads <= greatest(%(most)s, passages)
), by_words AS (
  SELECT passage, row_number() OVER (ORDER BY score DESC, passage) AS rank FROM (
    SELECT passage, sum(weight * frequency * (%(k1)s::float8 + 1)
      / (frequency + %(k1)s::float8 * (1 - %(b)s::float8 + %(b)s::float8 * length / average))) AS score
    FROM telling JOIN postings USING (term) WHERE tenant = %(tenant)s
    GROUP BY passage ORDER BY score DESC, passage LIMIT %(each)s
  ) AS scored
)"""
BY_MEANING = """
by_meaning AS (
  SELECT passage, row_number() OVER (ORDER BY distance, passage) AS rank FROM (
    SELECT passage, {distance} AS distance FROM passages WHERE tenant = %(tenant)s ORDER BY distance LIMIT %(each)s
  ) AS near
)"""
FUSED = """
SELECT passage, document_id, starts, ends, passages.body, title, score FROM (
  SELECT passage, sum(1 / (%(constant)s + rank)::float8) AS score FROM ({legs}) AS legs
  GROUP BY passage ORDER BY score DESC, passage LIMIT %(k)s
) AS best JOIN passages USING (passage) JOIN documents USING (tenant, document_id)
WHERE tenant = %(tenant)s ORDER BY score DESC, passage"""


async def rank_passages(
    connection: Connection, tenant: str, terms: Mapping[int, int], vector: Sequence[float] | None, k: int
) -> list[tuple[Any, ...]]:
    """The `k` best as (passage, document id, start, end, sealed text, sealed title, score), best first. The score is 1
    for a passage that every ranking asked puts first."""
    cursor = await connection.execute(SIZE, {"tenant": tenant})
    size = await cursor.fetchone()
    if size is None or not size[0] or not (terms or vector):
        return []
    statement, legs = _statement(bool(terms), vector, exact=size[0] < EXACT_BELOW)
    parameters = {
        "tenant": tenant, "k": k, "each": EACH, "constant": RANK_CONSTANT, "k1": K1, "b": B, "most": MOST_POSTINGS,
        "terms": list(terms), "times": list(terms.values()), "vector": as_vector(vector) if vector else None,
    }  # fmt: skip
    if size[0] >= EXACT_BELOW:
        await connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        await connection.execute(f"SET LOCAL hnsw.ef_search = {EACH}")
    # Planned anew each time, so that the plan names the tenant's partition alone.
    cursor = await connection.execute(statement, parameters, prepare=False)
    best_possible = legs / (RANK_CONSTANT + 1)
    return [(*row[:-1], row[-1] / best_possible) for row in await cursor.fetchall()]


def _statement(words: bool, vector: Sequence[float] | None, *, exact: bool) -> tuple[str, int]:
    """The statement for the rankings that are wanted, and how many they are."""
    parts, legs = [], []
    if words:
        parts.append(BY_WORDS)
        legs.append("SELECT passage, rank FROM by_words")
    if vector:
        kind = f"halfvec({len(vector)})"
        distance = f"embedding::{kind} <=> %(vector)s::{kind}"
        # The index serves only the bare expression: added to nothing, it is computed for every passage.
        parts.append(BY_MEANING.format(distance=f"({distance}) + 0" if exact else distance))
        legs.append("SELECT passage, rank FROM by_meaning")
    return f"WITH {', '.join(parts)} {FUSED.format(legs=' UNION ALL '.join(legs))}", len(legs)
