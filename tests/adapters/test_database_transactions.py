"""What a PostgreSQL that only follows another refuses is away, and its connections go; else none do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from adapters.database_transactions import Pool, one_statement
from domain.refusals import DependencyUnavailable

REFUSED = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")


class Followed:
    """A pool whose server reports `standby` until its connections are made anew."""

    def __init__(self, standby: bytes) -> None:
        self.standby, self.drained = standby, 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        reported = {b"in_hot_standby": self.standby, b"default_transaction_read_only": b"off"}
        yield SimpleNamespace(pgconn=SimpleNamespace(parameter_status=reported.get))

    async def pool_of(self, tenant: str) -> Followed:
        return self

    async def drain(self) -> None:
        self.standby, self.drained = b"off", self.drained + 1


async def test_a_followers_connections_are_made_anew() -> None:
    pool = Followed(b"on")
    with pytest.raises(DependencyUnavailable, match="not the one that is written to"):
        async with one_statement(cast(Pool, pool)):
            raise REFUSED
    assert pool.drained == 1


async def test_a_transaction_that_was_made_to_read_alone_takes_no_connections_along() -> None:
    pool = Followed(b"off")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with one_statement(cast(Pool, pool)):
            raise REFUSED
    assert pool.drained == 0
