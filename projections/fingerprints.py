"""Digests of whole tables that do not depend on the order of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from psycopg.sql import SQL, Identifier

from projections.transactions import Pool, writing

MODULUS = 1 << 256


def sum_of(rows: Iterable[bytes]) -> str:
    """The sum of the SHA-256 of each row, modulo 2^256, and how many there were: equal for equal multisets of rows."""
    total = count = 0
    for row in rows:
        total = (total + int.from_bytes(hashlib.sha256(row).digest(), "big")) % MODULUS
        count += 1
    return f"{count}:{total:064x}"


async def table_fingerprint(pool: Pool, tables: Sequence[str]) -> str:
    """A digest of all rows of tables in the schema `projections`."""
    digests = []
    async with writing(pool) as connection:
        for table in tables:
            query = SQL("SELECT t::text FROM {} AS t").format(Identifier("projections", table))
            async with connection.cursor("rows") as cursor:
                await cursor.execute(query)
                digests.append(sum_of([row[0].encode() async for row in cursor]))
    return " ".join(digests)
