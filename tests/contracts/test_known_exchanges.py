"""Which turn answered which conversation: the newest first, one row a client's id, each tenant's to itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.postgres.known_exchanges import PostgresKnownExchanges
from adapters.postgres.pool import open_pool
from application.acting_tenant import acting_for
from application.clock import new_id
from application.ports.sessions.known_exchanges import MOST_FOUND, KnownExchange, KnownExchanges
from tests.databases import logins_of
from tests.fakes.in_memory_known_exchanges import InMemoryKnownExchanges


@pytest.fixture(params=["in memory", pytest.param("postgres", marks=pytest.mark.real)])
async def known(request: pytest.FixtureRequest) -> AsyncIterator[KnownExchanges]:
    if request.param == "in memory":
        yield InMemoryKnownExchanges()
        return
    async with open_pool(logins_of(request.getfixturevalue("database")).app, max_size=2) as pool:
        yield PostgresKnownExchanges(pool)


def exchange(chain: bytes, request: bytes = b"r") -> KnownExchange:
    return KnownExchange(client_id=new_id(), session_id=new_id(), chain=chain, request=request)


async def test_rows_are_found_by_their_chains_newest_first_and_claimed_once(known: KnownExchanges) -> None:
    mine, theirs = new_id(), new_id()
    rows = [exchange(chain) for chain in (b"a", b"b", b"a", b"c")]
    with acting_for(mine):
        for row in rows:
            assert await known.claim(mine, row) == row
        other = msgspec.structs.replace(exchange(b"d", b"else"), client_id=rows[0].client_id)
        assert await known.claim(mine, other) == rows[0]
        assert await known.find(mine, [b"a", b"b"]) == [rows[2], rows[1], rows[0]]
        assert await known.find(mine, [b"d", b""]) == []
        for _ in range(MOST_FOUND):
            await known.claim(mine, exchange(b"e"))
        assert len(await known.find(mine, [b"e", b"a"])) == MOST_FOUND
        await known.forget(mine, rows[2].session_id)
        assert await known.find(mine, [b"a"]) == [rows[0]]
    with acting_for(theirs):
        assert await known.find(theirs, [b"a"]) == []
        await known.forget(theirs, rows[0].session_id)
        assert await known.claim(theirs, msgspec.structs.replace(rows[0], request=b"x")) != rows[0]
