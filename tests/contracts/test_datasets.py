"""Datasets keep their promises, in memory and in PostgreSQL; and in PostgreSQL nothing else can be reached."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.database_transactions import Connection, tenant_transaction
from adapters.postgres.dataset_values import MAX_BYTES, MAX_ROWS
from adapters.postgres.datasets import PostgresDatasets, asking
from adapters.postgres.pool import open_pool
from application.clock import new_id
from application.ports.tools.datasets import Datasets, QueryFailed
from application.ports.tools.tables import Row, Table
from domain.refusals import DocumentRefused, InvalidField
from domain.tenant.events import Column
from domain.tenant.tool import Query
from infra.bench.attack_sql import attack, orders_table
from infra.bench.hostile_sql import hostile_queries
from tests.contracts.lawful_sql import LAWFUL, PARAMETERS
from tests.databases import logins_of, open_datasets
from tests.fakes.in_memory_datasets import InMemoryDatasets

COLUMNS = (
    Column("region", "text"), Column("day", "date"), Column("total", "number"), Column("items", "integer"),
    Column("paid", "boolean"),
)  # fmt: skip
ORDERS: list[Row] = [
    ["north", "2026-01-05", "10.5", "3", "true"],
    ["north", "2026-02-01", "20.25", "1", "false"],
    ["south", "2026-02-03", None, "7", "true"],
    ["o'brien", "2026-03-01", "1", "2", None],
]


def table(rows: list[Row], columns: tuple[Column, ...] = COLUMNS, error: Exception | None = None) -> Table:
    async def batches() -> AsyncIterator[list[Row]]:
        yield rows
        if error:
            raise error

    return Table(columns, batches())


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.real)])
async def datasets(request: pytest.FixtureRequest) -> AsyncIterator[Datasets]:
    if request.param == "memory":
        yield InMemoryDatasets()
        return
    async with open_datasets(request.getfixturevalue("database")) as opened:
        yield opened


def orders(sql: str) -> Query:
    return Query(dataset="orders", sql=sql)


async def asked(
    datasets: Datasets, tenant: str, sql: str, types: dict[str, str] | None = None, **values: Any
) -> list[Any]:
    await datasets.check(tenant, orders(sql), types or {})
    found = await datasets.fetch(tenant, orders(sql), types or {}, values)
    assert not found.truncated
    return [list(json.loads(row).values()) for row in found.rows]


async def test_rows_are_put_and_asked_for(datasets: Datasets) -> None:
    tenant = new_id()
    assert await datasets.replace(tenant, "orders", table(ORDERS)) == 4
    sql = "SELECT region, sum(total) AS total FROM orders GROUP BY region ORDER BY region"
    assert await datasets.check(tenant, orders(sql), {}) == ("region", "total")
    assert await asked(datasets, tenant, sql) == [["north", 30.75], ["o'brien", 1], ["south", None]]
    assert await asked(datasets, tenant, 'SELECT count(*) FROM "orders" AS o WHERE o.total > 5') == [[2]]
    assert await asked(datasets, tenant, "SELECT min(day) AS first, max(day) FROM Orders") == [
        ["2026-01-05", "2026-03-01"]
    ]


async def test_parameters_are_values_and_nothing_else(datasets: Datasets) -> None:
    tenant = new_id()
    await datasets.replace(tenant, "orders", table(ORDERS))
    by_name = "SELECT count(*) FROM orders WHERE region = :region"
    for region, count in (("north", 2), ("o'brien", 1), ("x' OR '1'='1", 0), ("", 0)):
        assert await asked(datasets, tenant, by_name, {"region": "text"}, region=region) == [[count]]
    between = "SELECT count(*) FROM orders WHERE day >= :from AND day < :to AND (:least IS NULL OR total >= :least)"
    types = {"from": "text", "to": "text", "least": "number"}
    assert await asked(datasets, tenant, between, types, **{"from": "2026-01-01", "to": "2026-03-01"}) == [[3]]
    assert await asked(datasets, tenant, between, types, least=20.25, **{"from": "2026-01-01", "to": "2027-01-01"}) == [
        [1]
    ]
    like = "SELECT region FROM orders WHERE region LIKE '%' || :part || '%' AND items % 2 = 1 LIMIT :most"
    assert await asked(datasets, tenant, like, {"part": "text", "most": "integer"}, part="ou", most=5) == [["south"]]


async def test_what_is_put_again_takes_the_place_of_what_was(datasets: Datasets) -> None:
    tenant, sql = new_id(), "SELECT count(*) FROM orders"
    await datasets.replace(tenant, "orders", table(ORDERS))
    damaged = table(ORDERS, error=DocumentRefused("unreadable", "line 9"))
    with pytest.raises(DocumentRefused):
        await datasets.replace(tenant, "orders", damaged)
    assert await asked(datasets, tenant, sql) == [[4]]
    assert await datasets.replace(tenant, "orders", table([["x"]], (Column("only", "text"),))) == 1
    assert await asked(datasets, tenant, sql) == [[1]]
    with pytest.raises(InvalidField):
        await datasets.check(tenant, orders("SELECT region FROM orders"), {})


async def test_what_is_dropped_is_gone_and_another_tenants_is_not(datasets: Datasets) -> None:
    one, other = new_id(), new_id()
    for tenant in (one, other):
        await datasets.replace(tenant, "orders", table(ORDERS))
    assert [await datasets.drop(one, "orders"), await datasets.drop(one, "orders")] == [True, False]
    assert not await datasets.drop(other, "nope")
    with pytest.raises(InvalidField, match="no dataset"):
        await datasets.check(one, orders("SELECT 1 AS n FROM orders"), {})
    assert await asked(datasets, other, "SELECT count(*) FROM orders") == [[4]]
    assert await datasets.replace(one, "orders", table(ORDERS[:1])) == 1


async def test_a_query_names_its_columns(datasets: Datasets) -> None:
    sql = "SELECT o.REGION, sum(total) AS t FROM orders AS o WHERE :least < total GROUP BY 1 HAVING count(day) > 1"
    assert {"region", "total", "day"} <= await datasets.columns(orders(sql), {"least": "number"})
    assert "day" not in await datasets.columns(orders("SELECT region FROM orders"), {})


async def test_tenants_do_not_see_each_others(datasets: Datasets) -> None:
    one, other = new_id(), new_id()
    await datasets.replace(one, "orders", table(ORDERS))
    with pytest.raises(InvalidField, match="no dataset"):
        await datasets.check(other, orders("SELECT 1 FROM orders"), {})
    with pytest.raises(QueryFailed):
        await datasets.fetch(other, orders("SELECT 1 FROM orders"), {}, {})
    await datasets.replace(other, "orders", table(ORDERS[:1]))
    assert await asked(datasets, one, "SELECT count(*) FROM orders") == [[4]]
    assert await asked(datasets, other, "SELECT count(*) FROM orders") == [[1]]


async def test_results_are_cut_to_what_a_model_can_read(datasets: Datasets) -> None:
    tenant, text = new_id(), (Column("word", "text"),)
    await datasets.replace(tenant, "orders", table([[str(number)] for number in range(1_000)], text))
    found = await datasets.fetch(tenant, orders("SELECT word FROM orders"), {}, {})
    assert (len(found.rows), found.truncated) == (MAX_ROWS, True)
    await datasets.replace(tenant, "orders", table([["x" * 10_000]] * 20, text))
    found = await datasets.fetch(tenant, orders("SELECT word FROM orders"), {}, {})
    assert found.truncated and 0 < sum(map(len, found.rows)) <= MAX_BYTES
    await datasets.replace(tenant, "orders", table([["x" * 100_000]], text))
    with pytest.raises(QueryFailed, match="larger than"):
        await datasets.fetch(tenant, orders("SELECT word FROM orders"), {}, {})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nope FROM orders", "SELECT total, total FROM orders", "SELECT frobnicate(total) FROM orders",
        "SELECT region FROM customers", "SELECT", "SELECT 1", "UPDATE orders SET total = 0", "SELECT :x FROM orders",
    ],
)  # fmt: skip
async def test_queries_that_do_not_fit_are_refused_when_they_are_checked(datasets: Datasets, sql: str) -> None:
    tenant = new_id()
    await datasets.replace(tenant, "orders", table(ORDERS))
    with pytest.raises(InvalidField, match=r"query\.sql"):
        await datasets.check(tenant, orders(sql), {})


# In PostgreSQL alone


@pytest.fixture
async def postgres(database: str) -> AsyncIterator[PostgresDatasets]:
    async with open_datasets(database) as opened:
        yield opened


@pytest.mark.real
async def test_values_that_do_not_fit_are_told_in_plain_words(postgres: PostgresDatasets) -> None:
    tenant = new_id()
    await postgres.replace(tenant, "orders", table(ORDERS))
    for sql, types, values, said in (
        ("SELECT 1 / (items - items) AS x FROM orders", {}, {}, "division by zero"),
        ("SELECT 1 FROM orders WHERE day = :d", {"d": "text"}, {"d": "soon"}, "invalid input syntax"),
        ("SELECT 1 FROM orders WHERE items = :n", {"n": "integer"}, {"n": 10**30}, "out of range"),
        ("SELECT 1 FROM orders WHERE region = :r", {"r": "text"}, {"r": "a\0b"}, "NUL"),
    ):
        await postgres.check(tenant, orders(sql), types)
        with pytest.raises(QueryFailed, match=said):
            await postgres.fetch(tenant, orders(sql), types, values)


@pytest.mark.real
async def test_lists_are_parameters_too(postgres: PostgresDatasets) -> None:
    tenant, sql = new_id(), "SELECT count(*) FROM orders WHERE region = ANY(:regions)"
    await postgres.replace(tenant, "orders", table(ORDERS))
    types = {"regions": "text[]"}
    assert await asked(postgres, tenant, sql, types, regions=["north", "o'brien"]) == [[3]]
    assert await asked(postgres, tenant, sql, types, regions=[]) == [[0]]
    assert await asked(postgres, tenant, sql, types) == [[0]]


@pytest.mark.real
async def test_a_query_that_takes_too_long_is_stopped(database: str) -> None:
    tenant = new_id()
    async with open_datasets(database, limit_s=0.3) as datasets:
        await datasets.replace(tenant, "orders", table([["x"]] * 2_000, (Column("word", "text"),)))
        with pytest.raises(QueryFailed, match="longer than"):
            await datasets.fetch(tenant, orders("SELECT count(*) FROM orders a, orders b, orders c"), {}, {})
        assert await asked(datasets, tenant, "SELECT count(*) FROM orders") == [[2_000]]


@pytest.mark.real
async def test_analysts_are_answered(postgres: PostgresDatasets) -> None:
    tenant, answered = new_id(), 0
    values: dict[str, Any] = {"region": "north", "part": "note", "from": "2026-01-01", "to": "2026-02-01"}
    values |= {"most": 5, "least": 1.5, "regions": ["north"]}
    await postgres.replace(tenant, "orders", orders_table(500))
    for sql in LAWFUL:
        await postgres.check(tenant, orders(sql), PARAMETERS)
        answered += bool((await postgres.fetch(tenant, orders(sql), PARAMETERS, values)).rows)
    assert answered > 60


@pytest.mark.real
async def test_hostile_queries_of_one_tenant_are_no_trouble_to_others(database: str) -> None:
    """A part of `colloquy bench attack-sql`, with less patience."""
    attackers, other = (new_id(), new_id()), new_id()
    async with open_datasets(database, limit_s=0.5) as datasets, open_pool(logins_of(database).app) as pool:
        for tenant in (*attackers, other):
            await datasets.replace(tenant, "orders", orders_table(2_000))

        async def ask() -> None:
            async with tenant_transaction(pool, other) as connection:
                await connection.execute("SELECT count(*) FROM documents")

        outcome, longest = await attack(
            datasets, attackers, hostile_queries(240), await postmaster_of(database), ask, limit_s=0.5
        )
    assert all(held for _, held in outcome.verdicts()), (outcome, longest)
    assert outcome.refused and outcome.answered and outcome.stopped, outcome


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return -1


async def postmaster_of(database: str) -> int:
    """Where the server runs on this machine; -1 otherwise."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        return parent(connection.info.backend_pid)


@pytest.mark.real
async def test_rows_that_nobody_could_read_are_not_loaded(postgres: PostgresDatasets) -> None:
    with pytest.raises(InvalidField, match="a row is larger than"):
        await postgres.replace(
            new_id(), "orders", table([["x" * 700_000] * 2], (Column("a", "text"), Column("b", "text")))
        )


@pytest.mark.real
async def test_what_a_question_can_cost_depends_on_the_rows_that_are_there(postgres: PostgresDatasets) -> None:
    tenant, text = new_id(), (Column("note", "text"), Column("part", "text"))
    sql = orders("SELECT count(*) FROM orders WHERE note LIKE '%' || part || '%'")
    await postgres.replace(tenant, "orders", table([["x" * 1_000, "y"]], text))
    await postgres.check(tenant, sql, {})
    await postgres.replace(tenant, "orders", table([["x" * 100_000, "y"]], text))
    with pytest.raises(InvalidField, match="rows as large as these"):
        await postgres.check(tenant, sql, {})
    with pytest.raises(QueryFailed, match="rows as large as these"):
        await postgres.fetch(tenant, sql, {}, {})


@pytest.mark.real
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM public.events_0", "SELECT * FROM public.datasets", "SELECT * FROM public.documents",
        "SELECT * FROM pg_authid", "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')", "COPY (SELECT 1) TO PROGRAM 'id'", "COPY {own} TO '/tmp/x'",
        "DELETE FROM {own}", "INSERT INTO {own} DEFAULT VALUES", "UPDATE {own} SET region = ''", "DROP TABLE {own}",
        "CREATE TABLE x (a int)", "CREATE TEMPORARY TABLE x (a int)", "SELECT lo_create(0)", "SELECT * FROM {foreign}",
        "TRUNCATE {own}", "SELECT public.draft_dataset('{tenant}', ARRAY['a'], ARRAY['text'])",
        "SELECT public.provision_datasets('{tenant}')", "SELECT nextval('public.dataset_tables')",
        "SELECT pg_switch_wal()",
    ],
)  # fmt: skip
async def test_the_role_alone_stops_what_the_parser_might_let_through(database: str, sql: str) -> None:
    async with open_datasets(database) as datasets:
        pool, tenant, other = datasets._pool, new_id(), new_id()
        for one in (tenant, other):
            await datasets.replace(one, "orders", table(ORDERS))
        async with tenant_transaction(pool, other) as connection:
            cursor = await connection.execute("SELECT relation FROM datasets")
            [foreign] = await cursor.fetchone() or ()

        async def ask(connection: Connection, is_limited: bool) -> None:
            query = orders("SELECT 1 AS one FROM orders")
            async with asking(connection, is_limited, tenant, query, {}) as (raw, select):
                own = select.sql.partition(" FROM ")[2].partition(" AS ")[0]
                await raw.execute(f"SELECT count(*) FROM {own}")  # this it may
                await raw.execute(sql.format(own=own, foreign=foreign, tenant=tenant))

        with pytest.raises(psycopg.Error) as refused:
            await datasets._tools.run(tenant, ask)
        assert isinstance(
            refused.value, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction
        ), refused.value


@pytest.mark.real
async def test_the_application_itself_writes_datasets_and_reads_none(database: str) -> None:
    async with open_datasets(database) as datasets:
        pool, tenant, other = datasets._pool, new_id(), new_id()
        await datasets.replace(tenant, "orders", table(ORDERS))
        async with tenant_transaction(pool, tenant) as connection:
            cursor = await connection.execute("SELECT relation FROM datasets")
            [relation] = await cursor.fetchone() or ()
        for sql in (f"SELECT * FROM {relation}", f"INSERT INTO {relation} DEFAULT VALUES"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with tenant_transaction(pool, tenant) as connection:
                    await connection.execute(sql)
        with pytest.raises(psycopg.Error):
            async with tenant_transaction(pool, other) as connection:
                await connection.execute("SELECT publish_dataset(%s, 'x', %s)", (other, relation))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with tenant_transaction(pool, other) as connection:
                await connection.execute("SELECT draft_dataset(%s, ARRAY['a'], ARRAY['text'])", (tenant,))
