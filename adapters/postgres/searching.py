"""Ranks a tenant's passages by meaning and by words, and fuses their scores; the database does it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from adapters.postgres.half_vectors import half_vector
from adapters.postgres.shared_statement import SharedStatement
from application.acting_tenant import acting_tenant

EACH = 100
"""How many passages either ranking brings to the fusion."""
K1, B = 1.2, 0.75
MOST_POSTINGS = 8_000
"""The most telling words of a question lead to passages, and read no more than this however large the corpus: four
times as many where all vectors are read, for such a corpus is small."""
EXACT_BELOW = 20_000
"""Passages up to which reading all vectors is both exact and quick."""

ALONE = 8
"""Passages that a name stands in at most if it is to lead to them: more share it, and it is a word like others."""
SAMPLE = 500
"""Passages of a larger corpus that tell how far from a question any passage lies."""


class SearchLimits(msgspec.Struct, frozen=True):
    """Up to how many passages all vectors are read, and how many places of words at most."""

    exact_below: int = EXACT_BELOW
    most_postings: int = MOST_POSTINGS


SEARCH = f"""
SELECT * FROM find_passages(
  %(acting)s, %(tenant)s, %(terms)s::bigint[], %(times)s::int[], %(names)s::bigint[], %(vector)s::halfvec,
  %(directions)s, %(k)s,
  each => {EACH}, k1 => {K1}, b => {B}, most => %(most)s, exact_below => %(exact)s, alone => {ALONE},
  sample => {SAMPLE}, collections => %(collections)s::text[])
"""  # noqa: S608  # numbers of ours
"""What is the same in each call is no parameter, for the driver takes its time over each."""


async def rank_passages(
    searches: SharedStatement,
    tenant: str,
    terms: Mapping[int, int],
    names: Iterable[int],
    vector: Sequence[float] | None,
    k: int,
    collections: Sequence[str],
    *,
    limits: SearchLimits,
) -> list[tuple[Any, ...]]:
    """The `k` best as (passage, document id, start, end, sealed text, sealed title, score), best first; `names` are
    those of `terms` that name one thing. Documents of the `collections` alone are looked at. The score is below 1.
    `searches` makes the calls of `SEARCH`."""
    parameters = {
        "acting": acting_tenant(tenant), "tenant": tenant, "k": k, "exact": limits.exact_below,
        "most": limits.most_postings,
        "terms": _array(terms), "times": _array(terms.values()), "names": _array(names),
        "vector": half_vector(vector) if vector else None,
        "collections": _array(f'"{name}"' for name in collections),  # names of collections need no escape
        "directions": len(vector) - vector.count(0.0) if vector else 0,  # without those that fill a short vector up
    }  # fmt: skip
    return await searches.call(parameters)


def _array(values: Iterable[int | str]) -> str:
    """An array as PostgreSQL reads it: the driver would look at each value's kind."""
    return "{" + ",".join(map(str, values)) + "}"
