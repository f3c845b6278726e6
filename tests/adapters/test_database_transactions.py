"""What a PostgreSQL that only follows another refuses is away, and its connections go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import psycopg
import pytest

from adapters.database_transactions import one_statement
from domain.refusals import DependencyUnavailable


class Followed:
    """A pool whose server has become a follower until its connections are made anew."""

    def __init__(self) -> None:
        self.follows, self.drained = True, 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        if self.follows:
            raise psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")
        yield

    async def drain(self) -> None:
        self.follows, self.drained = False, self.drained + 1


async def test_its_connections_are_made_anew() -> None:
    pool = Followed()
    with pytest.raises(DependencyUnavailable, match="not the one that is written to"):
        async with one_statement(cast(Any, pool)):
            pass
    async with one_statement(cast(Any, pool)):
        assert pool.drained == 1
