"""Ranks a tenant's passages by meaning and by words, and fuses the two rankings; the database does it all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.postgres.half_vectors import half_vector
from adapters.postgres.shared_statement import SharedStatement
from application.acting_tenant import acting_tenant

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

SEARCH = """
SELECT * FROM search_passages(
  %(acting)s, %(tenant)s, %(terms)s::bigint[], %(times)s::int[], %(vector)s::halfvec, %(k)s, each => %(each)s,
  rank_constant => %(constant)s, k1 => %(k1)s, b => %(b)s, most => %(most)s, exact_below => %(exact)s)
"""


async def rank_passages(
    searches: SharedStatement,
    tenant: str,
    terms: Mapping[int, int],
    vector: Sequence[float] | None,
    k: int,
    *,
    exact_below: int,
) -> list[tuple[Any, ...]]:
    """The `k` best as (passage, document id, start, end, sealed text, sealed title, score), best first. The score is 1
    for a passage that every ranking asked puts first. `searches` makes the calls of `SEARCH`."""
    parameters = {
        "acting": acting_tenant(tenant), "tenant": tenant, "k": k, "each": EACH, "constant": RANK_CONSTANT,
        "k1": K1, "b": B, "most": MOST_POSTINGS,
        "exact": exact_below, "terms": _array(terms), "times": _array(terms.values()),
        "vector": half_vector(vector) if vector else None,
    }  # fmt: skip
    best_possible = (bool(terms) + bool(vector)) / (RANK_CONSTANT + 1)
    return [(*row[:-1], row[-1] / best_possible) for row in await searches.call(parameters)]


def _array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL reads it: the driver would look at each number's kind."""
    return "{" + ",".join(map(str, numbers)) + "}"
