"""Tool SQL: what a tool may ask is understood, and what it must not is refused before any database sees it."""

from __future__ import annotations

import logging

import pytest

from adapters.postgres.dataset_sql import parse_select
from domain.refusals import InvalidField
from domain.tenant.tool import Query

TYPES = {"q": "text", "from": "text", "least": "number", "ids": "integer[]", "on": "boolean"}


def parsed(sql: str, dataset: str = "orders") -> tuple[str, tuple[str, ...]]:
    select = parse_select(Query(dataset=dataset, sql=sql), TYPES, "own.t_1")
    return select.sql, select.parameters


@pytest.mark.parametrize(
    ("sql", "understood"),
    [
        ("select a from orders", 'SELECT "a" FROM "own"."t_1" AS "orders"'),
        ("SELECT A FROM ORDERS;", 'SELECT "a" FROM "own"."t_1" AS "orders"'),
        ('select "A" from "orders" as o', 'SELECT "A" FROM "own"."t_1" AS "o"'),
        ("select a -- from events\nfrom orders /* x */", 'SELECT "a" FROM "own"."t_1" AS "orders"'),
        ("select 'it''s; -- :q' as a from orders", """SELECT 'it''s; -- :q' AS "a" FROM "own"."t_1" AS "orders\""""),
        ("select user from orders", 'SELECT "user" FROM "own"."t_1" AS "orders"'),
        (
            "with t as (select a from orders) select count(*) from t",
            'WITH "t" AS (SELECT "a" FROM "own"."t_1" AS "orders") SELECT COUNT(*) FROM "t"',
        ),
        (
            "select to_char(day, 'YYYY-MM') m, sum(x)::numeric(10,2) from orders group by 1 order by 2 desc limit 5",
            'SELECT TO_CHAR("day", \'YYYY-MM\') AS "m", CAST(SUM("x") AS DECIMAL(10, 2)) '
            'FROM "own"."t_1" AS "orders" GROUP BY 1 ORDER BY 2 DESC LIMIT 5',
        ),
    ],
)
def test_a_select_over_the_dataset(sql: str, understood: str) -> None:
    assert parsed(sql) == (understood, ())


def test_parameters_are_numbered_and_have_the_schemas_types() -> None:
    sql, names = parsed("select :q::date from orders where a = :q and day > :from and x > :least and id = any(:ids)")
    assert sorted(names) == ["from", "ids", "least", "q"]
    text, day, least, ids = (f"${names.index(name) + 1}" for name in ("q", "from", "least", "ids"))
    assert sql == (
        f'SELECT CAST({text} AS DATE) FROM "own"."t_1" AS "orders" WHERE "a" = {text} AND "day" > {day} '
        f'AND "x" > CAST({least} AS DECIMAL) AND "id" = ANY(CAST({ids} AS BIGINT[]))'
    )


@pytest.mark.parametrize("dataset", ["Sales-2026", "sales"])
def test_a_datasets_name_may_need_quotes(dataset: str) -> None:
    assert '"own"."t_1"' in parsed(f'SELECT 1 FROM "{dataset}"', dataset)[0]


HOSTILE = [
    # other statements
    "", ";", "--", "drop table orders",
    "delete from orders", "update orders set a = 1", "insert into orders values (1)", "checkpoint",
    "truncate orders", "copy orders to '/tmp/x'", "explain select a from orders", "set role postgres", "table orders",
    "values (1)", "do $$ begin end $$", "call x()", "vacuum", "begin", "grant all on orders to public", "listen x",
    "select a from orders; drop table orders", "select a from orders; set role postgres", "prepare x as select 1",
    "merge into orders using orders o on true when matched then delete", "declare c cursor for select 1",
    # statements inside
    "with d as (delete from orders returning *) select * from d", "select * from (insert into orders values (1)) x",
    "with d as (update orders set a = 1 returning *) select * from orders", "select a into x from orders",
    "select a from orders for update", "select a from orders for share skip locked",
    "with recursive t as (select 1 union all select 1 from t) select * from t, orders",
    # other tables
    "select 1", "select * from events_0", "select * from pg_authid", "select * from pg_catalog.pg_class",
    "select * from orders, public.tenants", "select * from orders join information_schema.tables t on true",
    "select * from public.orders", "select * from x.y.orders", "select (select max(topic) from events_0) from orders",
    "select a from orders union select state from events_0", 'select * from "Orders"', "select * from other.orders",
    "with orders as (select 1) select * from orders", "with pg_class as (select a from orders) select * from pg_class",
    "select * from (with pg_roles as (select 1) select 1) x, pg_roles, orders", "select * from only orders",
    "select * from orders tablesample system (1)", "select public.orders.a from orders",
    "select a from orders where exists (select 1 from tenant_keys)", "select a from orders order by (select 1 from x)",
    # functions
    *(f"select {call} from orders" for call in (
        "pg_sleep(9)", "PG_SLEEP(9)", '"pg_sleep"(9)', "pg_catalog.pg_sleep(9)", "pg_read_file('/etc/passwd')",
        "lo_import('x')", "lo_export(1, 'x')", "dblink('x', 'y')", "query_to_xml('select 1', true, true, '')",
        "set_config('role', 'postgres', true)", "current_setting('app.tenant')", "pg_advisory_lock(1)", "version()",
        "pg_terminate_backend(1)", "nextval('x')", "pg_notify('a', 'b')", "repeat('x', 1000000000)", "current_user",
        "session_user", "current_schema", "current_catalog", "lpad('x', 1000000000)", "string_agg(a, a)",
        "array_agg(a)", "json_agg(a)", "to_json(a)", "xmlparse(document 'x')", "random()", "gen_random_uuid()",
        "has_table_privilege('x', 'y')", "regexp_replace(a, '(a+)+', 'b')", "a ~ '(a+)+$'", "a similar to 'x'",
        "generate_series(1, 1000000000)", "table_to_xml('x', true, true, '')", "pg_ls_dir('.')", "inet_server_addr()",
        "draft_dataset('x', null, null)", "public.draft_dataset('x', null, null)", "txid_current()", "decode(a, 'hex')",
    )),
    "select * from pg_ls_dir('.'), orders", "select * from orders, lateral pg_sleep(1)",
    "select * from orders, generate_series(1, 1000000000)", "select a from orders limit (select pg_sleep(1))",
    "select a from orders order by pg_sleep(1)", "select * from rows from (pg_sleep(1)), orders",
    "select count(*) filter (where pg_sleep(1) is null) from orders",
    # types, literals, operators
    "select a::regclass from orders", "select a::json from orders", "select cast(a as public.evil) from orders",
    "select e'\\'' from orders", "select $$x$$ from orders", "select u&'x' from orders", "select b'1' from orders",
    "select a operator(pg_catalog.+) 1 from orders", "select array[1] from orders", "select a[1] from orders",
    "select row(1, 2) from orders", "select (o).a from orders o", "select a collate x from orders",
    # parameters
    "select :nope from orders", "select ? from orders", "select $1 from orders", "select %(q)s from orders",
    "select @q from orders", "select * from :q", "select a from orders order by :from desc nulls",
    # no SQL
    "select (((((((((", "select " + "(" * 3_000 + "1" + ")" * 3_000 + " from orders",
    "select a from orders where 'unfinished", 'select "unfinished from orders', "select a from orders /* unfinished",
]  # fmt: skip


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:60])
def test_what_a_tool_must_not_ask(sql: str) -> None:
    with pytest.raises(InvalidField):
        parsed(sql)


def test_no_sql_gets_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for sql in ("set role secretive", "select a from orders; call secretive()", "select a from orders"):
            try:
                parsed(sql)
            except InvalidField:
                pass
    assert caplog.text == ""
