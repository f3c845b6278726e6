"""The database itself keeps tenants apart, whatever the program asks."""

from __future__ import annotations

import psycopg
import pytest

from adapters.database_transactions import Pool, one_statement, tenant_transaction
from adapters.eventstore.store import PostgresEventStore
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from domain.session.events import SessionOpened, TurnStarted

pytestmark = pytest.mark.real

TABLES = ("events_0", "stream_keys", "tenant_keys")


@pytest.fixture
async def stream(store: PostgresEventStore, tenant: str) -> str:
    held = LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)
    turn = TurnStarted(turn_id="t", client_id="t", text="?")
    await held.append([SessionOpened(user="me", assistant="default"), turn], Context("me"))
    return held.stream


@pytest.mark.parametrize("table", TABLES)
async def test_a_transaction_sees_the_tenant_it_names_and_no_other(
    pool: Pool, tenant: str, stream: str, table: str
) -> None:
    async def seen(by: str) -> int:
        async with tenant_transaction(pool, by) as connection:
            row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
        assert row is not None
        return int(row[0])

    assert await seen(tenant) == (2 if table == "events_0" else 1)
    assert await seen(new_id()) == 0
    async with one_statement(pool) as connection:  # this one has named a tenant before
        row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events_0 VALUES (%(s)s, 3, 'turn.failed.1', '')",
        "UPDATE events_0 SET topic = 'x' WHERE originator_id = %(s)s",
        "DELETE FROM events_0 WHERE originator_id = %(s)s",
        "TRUNCATE events_0",
        "UPDATE running_turns SET owner = 'me' WHERE stream = %(s)s",
        "DELETE FROM stream_keys WHERE stream = %(s)s",
        "SELECT create_lane(7)",
        "CREATE TABLE mine (a int)",
    ],
)
async def test_facts_are_only_ever_appended(pool: Pool, tenant: str, stream: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with tenant_transaction(pool, tenant) as connection:
            await connection.execute(statement, {"s": stream} if "%(s)s" in statement else None)
