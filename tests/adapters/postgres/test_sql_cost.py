"""What a tool's SQL can cost is known before the database sees it: too much is refused, and soon; lawful use is not."""

from __future__ import annotations

import time

import pytest

from adapters.postgres.dataset_sql import Select, parse_select
from adapters.postgres.sql_cost import MAX_TABLES
from domain.refusals import InvalidField
from domain.tenant.tool import Query
from infra.bench.hostile_sql import hostile_queries
from tests.contracts.lawful_sql import LAWFUL, PARAMETERS


def parsed(sql: str, row_bytes: int = 1_000) -> Select:
    return parse_select(Query(dataset="orders", sql=sql), PARAMETERS, "own.t_1", row_bytes)


@pytest.mark.parametrize("row_bytes", [300, 65_536])
@pytest.mark.parametrize("sql", LAWFUL, ids=lambda sql: sql[:60])
def test_lawful_questions_pass(sql: str, row_bytes: int) -> None:
    assert parsed(sql, row_bytes).sql


def chain(size: int, step: str, end: str, hint: str = "") -> str:
    """WITH a ladder of queries, each made of the one below."""
    steps = [f"c{n} AS {hint}({step.format(f'c{n - 1}')})" for n in range(1, size + 1)]
    return f"WITH c0 AS (SELECT region AS x, total AS v FROM orders), {', '.join(steps)} {end.format(f'c{size}')}"


def nest(size: int, step: str) -> str:
    inner = "orders"
    for _ in range(size):
        inner = f"({step.format(inner)}) AS t"
    return f"SELECT * FROM {inner}"


ABSURD = [
    *(chain(26, "SELECT x || x AS x FROM {}", "SELECT length(x) AS n FROM {}", hint)
      for hint in ("", "MATERIALIZED ", "NOT MATERIALIZED ")),
    chain(26, "SELECT concat(x, x) AS x FROM {}", "SELECT length(x) AS n FROM {}"),
    chain(26, "SELECT CASE WHEN x > 'a' THEN x ELSE lower(x) END AS x FROM {}", "SELECT x FROM {}"),
    chain(26, "SELECT v * v AS v FROM {}", "SELECT v FROM {}"),
    chain(26, "SELECT x = x AS x FROM {}", "SELECT x FROM {}"),
    chain(26, "SELECT DISTINCT x || x AS x FROM {}", "SELECT x FROM {} WHERE x = 'a'"),
    chain(26, "SELECT a.v + b.v AS v FROM {0} AS a JOIN {0} AS b ON a.v = b.v", "SELECT count(*) AS n FROM {}"),
    chain(26, "SELECT x FROM {0} UNION ALL SELECT x FROM {0}", "SELECT count(*) AS n FROM {}"),
    chain(9, "SELECT (SELECT max(x) FROM orders AS i) || x || x AS x FROM {}", "SELECT x FROM {}"),
    chain(26, "SELECT x || x AS y FROM {} AS t(x)", "SELECT * FROM {}").replace("region AS x", "region"),
    nest(20, "SELECT region || region AS region FROM {}"),
    nest(20, "SELECT q.* FROM (SELECT region || region AS region FROM {}) AS q"),
    nest(20, "SELECT max(region || region) AS region FROM {}"),
    "SELECT 1 AS one FROM " + ", ".join(f"orders AS o{n}" for n in range(MAX_TABLES + 1)),
    "SELECT 1 AS one FROM orders AS o" + "".join(f" JOIN (orders AS o{n}) ON true" for n in range(MAX_TABLES)),
    " UNION ".join(["SELECT region FROM orders"] * (MAX_TABLES + 1)),
    "SELECT " + " || ".join(f"strpos(note || note, note || '{n}')" for n in range(300)) + " AS n FROM orders",
    "SELECT strpos(note, note) + length(trim(both note from note)) AS n FROM orders",  # over rows of 64 KB
    "SELECT " + " + ".join(f"row_number() OVER (ORDER BY id + {n})" for n in range(30)) + " AS n FROM orders",
    "SELECT " + ", ".join(f"count(DISTINCT id + {n}) AS n{n}" for n in range(30)) + " FROM orders",
    "SELECT 1e99999 / (total + 7) * (1e99999 / (total + 9)) * (1e99999 / (total + 11)) AS n FROM orders",
    "SELECT ((total ^ 20) ^ 20) ^ 20 AS n FROM orders",
    "SELECT " + "-(" * 30 + "total" + ")" * 30 + " AS n FROM orders",
    "SELECT " + "CASE WHEN paid THEN 1 ELSE " * 30 + "2" + " END" * 30 + " AS n FROM orders",
    "SELECT to_char(day, note) AS n FROM orders", "SELECT note::char(1000000) AS n FROM orders",
    "SELECT note[1][1] AS n FROM orders", "SELECT id" + ", 1" * 1_990 + " FROM orders",
    "SELECT '" + "x" * 9_000 + "' AS n FROM orders",
    f"WITH c AS (SELECT id FROM orders) SELECT {' + '.join(['(SELECT max(id) FROM c)'] * 20)} AS n FROM orders",
    "WITH c AS (SELECT 1 FROM orders) SELECT (WITH c AS (SELECT 2 FROM orders) SELECT 1 FROM c) AS n FROM c",
    "SELECT 1 FROM " + " ".join(f"offset JOIN '{n}'" for n in range(100)),  # a parser could read this for days
]  # fmt: skip


@pytest.mark.parametrize("sql", ABSURD, ids=lambda sql: sql[:70])
def test_what_would_cost_too_much_is_refused(sql: str) -> None:
    with pytest.raises(InvalidField, match=r"^query\.sql: "):
        parsed(sql, 65_536)


@pytest.mark.parametrize(
    ("sql", "row_bytes"),
    [
        ("SELECT strpos(note, city) AS n FROM orders", 1_000_000),
        ("SELECT note || note || note || note || note AS n FROM orders", 1_000_000),
        ("SELECT a.note, b.note AS other, c.note AS third, d.note AS x, e.note AS y FROM orders a, orders b, orders c, "
         "orders d, orders e", 1_000_000),
    ],
)  # fmt: skip
def test_the_same_question_costs_more_over_larger_rows(sql: str, row_bytes: int) -> None:
    assert parsed(sql, 1_000)
    with pytest.raises(InvalidField, match="rows as large as these"):
        parsed(sql, row_bytes)


def test_a_fence_ends_the_copying_as_it_does_in_postgresql() -> None:
    step = "SELECT CASE WHEN x > 'a' THEN x ELSE lower(x) END AS x FROM {}"
    assert parsed(chain(12, step, "SELECT x FROM {}", "MATERIALIZED "))
    assert parsed(nest(10, "SELECT lower(region) || '' AS region, upper(region) AS r FROM {} LIMIT 9"))


@pytest.mark.parametrize(
    ("sql", "tamed"),
    [
        ("substring(note, '(a+)+$')", "SUBSTRING(\"note\" FROM CAST('(a+)+$' AS INT))"),
        ("substring(note from city for :most)",
         'SUBSTRING("note" FROM CAST("city" AS INT) FOR CAST(CAST($1 AS BIGINT) AS INT))'),
        ("substring(note from 2 for 3)", 'SUBSTRING("note" FROM 2 FOR 3)'),
        ("note::numeric", 'TRIM_SCALE(CAST("note" AS DECIMAL(1000, 500)))'),
        ("sum(total)::numeric", 'CAST(SUM("total") AS DECIMAL)'),
        ("total ^ 2", 'POWER("total", 2)'),
        ("total ^ 2.5", 'CAST(POWER(CAST("total" AS DOUBLE PRECISION), CAST(2.5 AS DOUBLE PRECISION)) AS DECIMAL)'),
        ("total ^ (1 + total ^ note)", '(1 + CAST(POWER(CAST("total" AS DOUBLE PRECISION), CAST("note" AS DOUBLE'),
        ("(note::numeric)::numeric", 'TRIM_SCALE(CAST((TRIM_SCALE(CAST("note" AS'),
        ("substring(note, substring(city, 'x'))", "FROM CAST(SUBSTRING(\"city\" FROM CAST('x' AS INT)) AS INT)"),
    ],
)  # fmt: skip
def test_what_postgresql_would_take_otherwise_is_written_so_that_it_cannot(sql: str, tamed: str) -> None:
    assert tamed in parsed(f"SELECT {sql} AS x FROM orders").sql


def test_no_text_is_slow_to_read() -> None:
    """Generously: each takes a tenth of a second at most on two busy cores; what it guards against takes days."""
    for one in hostile_queries(250):
        began = time.thread_time()
        try:
            parsed(one.sql)
        except InvalidField:
            pass
        assert time.thread_time() - began < 2, one
