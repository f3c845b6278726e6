"""Finds a user's sessions by words, without anybody's text being read: some of them at a time, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from projections.session_terms import numbers_of
from projections.transactions import Pool, reading, rows

SESSIONS_AT_ONCE = 500
"""Whose words one statement looks at."""
LOOKS = 8
"""Statements of one page: it ends then, and goes on at its cursor."""

SOME = """
SELECT count(*) AS many, min(session_id) AS oldest, max(session_id) AS newest FROM (
  SELECT session_id FROM projections.session_words
  WHERE tenant = %(tenant)s AND owner = %(user)s AND part = '' AND (%(before)s::text IS NULL OR session_id < %(before)s)
  ORDER BY session_id DESC LIMIT %(some)s) AS few"""

# A session is found when each of the words is there in one of its forms, wherever in the session it stands.
AMONG = """
SELECT session_id FROM projections.session_words
CROSS JOIN LATERAL unnest(words) AS said(word)
JOIN unnest(%(words)s::bigint[], %(of)s::int[]) AS asked(word, of) ON said.word = asked.word
WHERE tenant = %(tenant)s AND owner = %(user)s AND session_id BETWEEN %(oldest)s AND %(newest)s AND words && %(words)s
GROUP BY session_id HAVING count(DISTINCT of) = %(many)s ORDER BY session_id DESC"""


async def find_sessions(
    pool: Pool, tenant: str, user: str, key: bytes, terms: Sequence[Sequence[str]], *, before: str | None, limit: int
) -> tuple[list[str], str | None]:
    """Ids of the user's sessions older than `before` that hold one of each of `terms`, and the id to go on from. A page
    may hold few although there are more."""
    words = [(number, of) for of, forms in enumerate(terms) for number in numbers_of(key, forms)]
    asked = {
        "tenant": tenant, "user": user, "some": SESSIONS_AT_ONCE,
        "words": [number for number, _ in words], "of": [of for _, of in words], "many": len(terms),
    }  # fmt: skip
    found: list[str] = []
    async with reading(pool, tenant) as connection:
        for _ in range(LOOKS):
            (some,) = await rows(connection, SOME, asked | {"before": before})
            if some["many"]:
                found += [
                    row["session_id"]
                    for row in await rows(
                        connection, AMONG, asked | {"oldest": some["oldest"], "newest": some["newest"]}
                    )
                ]
            if len(found) > limit:
                return found[:limit], found[limit - 1]
            if some["many"] < SESSIONS_AT_ONCE:
                return found, None
            before = some["oldest"]
    return found, before
