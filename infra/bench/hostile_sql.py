"""Tool SQL that wants too much: families of queries, each in sizes from harmless to absurd, over a dataset of orders.

Many are refused by the parser; those just below its caps are what the database has to bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice

import msgspec

from domain.tenant.tool_definitions import MAX_SQL

COLUMNS = {
    "id": "integer", "region": "text", "city": "text", "day": "date", "total": "number", "items": "integer",
    "paid": "boolean", "note": "text",
}  # fmt: skip
REGIONS = ("north", "south", "east", "west", "o'brien")
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 23, 24, 28, 32, 40, 56, 80, 120, 200, 400, 800, 1_600)
COUNTED = "SELECT count(*) AS n FROM c{n}"
TEXTS, NUMBERS = ("region", "city", "note"), ("total", "items", "id")


def order_rows(count: int) -> list[list[str | None]]:
    """Rows of the dataset as a file has them; the notes are what a search over texts likes least."""
    return [
        [
            str(n), REGIONS[n % len(REGIONS)], f"Place {n % 97}", f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            f"{n % 1_000}.{n % 100:02}", str(n % 9), str(n % 3 > 0).lower(),
            f"note {n}" if n % 2 else "a" * (n % 3_000),
        ]
        for n in range(1, count + 1)
    ]  # fmt: skip


class Hostile(msgspec.Struct, frozen=True):
    """A query, and what kind of trouble it is."""

    family: str
    sql: str


def hostile_queries(most: int) -> list[Hostile]:
    """So many of them, the families taking turns, each query once; always the same ones."""
    return list(islice(_once(), most))


def _once() -> Iterator[Hostile]:
    seen: set[str] = set()
    for variant in count():
        for size in SIZES:
            for family, make in FAMILIES.items():
                sql = make(size, variant)
                if sql not in seen and len(sql) <= MAX_SQL:
                    seen.add(sql)
                    yield Hostile(family, sql)


def _text(variant: int) -> str:
    return TEXTS[variant % len(TEXTS)]


def _number(variant: int) -> str:
    return NUMBERS[variant % len(NUMBERS)]


def _chain(
    size: int, variant: int, step: str, hint: str = "", end: str = "SELECT max(length(x)) AS n FROM c{n}"
) -> str:
    """WITH c0 ..., c1 ..., each made of the one before by `step`."""
    first = f"c0 AS (SELECT {_text(variant)} AS x, {_number(variant)} AS v FROM orders WHERE id > {variant})"
    more = [f"c{n} AS {hint}({step.format(before=f'c{n - 1}')})" for n in range(1, size + 1)]
    return f"WITH {', '.join([first, *more])} {end.format(n=size)}"


def _nested(size: int, variant: int, step: str) -> str:
    inner = f"SELECT {_text(variant)} AS x, {_number(variant)} AS v FROM orders WHERE id > {variant}"
    for _ in range(size):
        if len(inner) > MAX_SQL:
            break
        inner = step.format(before=f"({inner}) AS t")
    return inner


def _joins(size: int, variant: int, on: str, kind: str = "") -> str:
    more = "".join(f" {kind}JOIN orders AS o{n} ON {on.format(n=n, before=n - 1)}" for n in range(1, size + 1))
    return f"SELECT count(*) AS n FROM orders AS o0{more} WHERE o0.id > {variant}"


def _many(size: int, variant: int, part: str, between: str, around: str = "SELECT {} AS x FROM orders") -> str:
    made = between.join(
        part.format(n=n + variant, text=_text(n + variant), number=_number(n + variant)) for n in range(size)
    )
    return around.format(made) + f" LIMIT {10 + variant}"


def _deep(size: int, variant: int, before: str, after: str, core: str = "{number}") -> str:
    inner = core.format(number=_number(variant), text=_text(variant))
    return f"SELECT {before * size}{inner}{after * size} AS x FROM orders WHERE id > {variant}"


def _rows(size: int, variant: int, query: str) -> str:
    """A product of so many tables below `query`, which has to keep, sort or hash it."""
    product = ", ".join(f"orders AS o{n}" for n in range(min(size, 60)))
    return query.format(product=product, text=_text(variant), number=_number(variant), n=variant, size=size)


Make = Callable[[int, int], str]


def _family(make: Callable[..., str], *parts: str) -> Make:
    return lambda size, variant: make(size, variant, *parts)


FAMILIES: dict[str, Make] = {
    # What PostgreSQL writes in the place of each reference
    "cte doubling": _family(_chain, "SELECT x || x AS x, v FROM {before}"),
    "cte doubling materialized": _family(_chain, "SELECT x || x AS x, v FROM {before}", "MATERIALIZED "),
    "cte doubling not materialized": _family(_chain, "SELECT x || x AS x, v FROM {before}", "NOT MATERIALIZED "),
    "cte concat": _family(_chain, "SELECT concat(x, x, x) AS x, v FROM {before}"),
    "cte numbers": _family(_chain, "SELECT x, v * v AS v FROM {before}", "", "SELECT max(v) AS n FROM c{n}"),
    "cte cases": _family(_chain, "SELECT CASE WHEN x > x THEN x ELSE x END AS x, v FROM {before}"),
    "cte joined to itself": _family(_chain, "SELECT a.x, b.v FROM {before} AS a JOIN {before} AS b ON a.v = b.v"),
    "cte crossed, copied": _family(
        _chain, "SELECT a.x, b.v FROM {before} AS a, {before} AS b", "NOT MATERIALIZED ", COUNTED
    ),
    "cte union": _family(
        _chain, "SELECT x, v FROM {before} UNION ALL SELECT x, v FROM {before}", "", COUNTED
    ),
    "cte grouped": _family(_chain, "SELECT x || x AS x, sum(v) AS v FROM {before} GROUP BY x"),
    "cte distinct": _family(_chain, "SELECT DISTINCT x || x AS x, v FROM {before}", "",
                            "SELECT count(*) AS n FROM c{n} WHERE x = 'a'"),
    "cte window": _family(_chain, "SELECT x, sum(v) OVER (PARTITION BY x ORDER BY v) AS v FROM {before}"),
    "subquery doubling": _family(_nested, "SELECT x || x AS x, v FROM {before}"),
    "subquery scalar": _family(_nested, "SELECT (SELECT max(x) FROM orders) || x AS x, v + v AS v FROM {before}"),
    "subquery union": _family(
        _nested, "SELECT x || x AS x, v FROM {before} UNION SELECT x, v + v AS v FROM orders, {before}"
    ),
    "subquery limited": _family(_nested, "SELECT x || x AS x, v FROM {before} ORDER BY x LIMIT 1000"),
    # Joins, products, unions
    "joins": _family(_joins, "o{n}.id = o{before}.id"),
    "joins of everything": _family(_joins, "o{n}.region = o0.region AND o{n}.id <> o{before}.id"),
    "joins by an expression": _family(_joins, "o{n}.id + o{before}.items > o0.total"),
    "joins left": _family(_joins, "o{n}.day > o{before}.day", "LEFT "),
    "joins full": _family(_joins, "o{n}.id = o{before}.items", "FULL "),
    "products": _family(_rows, "SELECT count(*) AS n FROM {product} WHERE o0.id > {n}"),
    "products sorted": _family(
        _rows, "SELECT o0.note FROM {product} ORDER BY o0.note || o0.city, o0.{number} LIMIT {n}"
    ),
    "products distinct": _family(
        _rows, "SELECT DISTINCT o0.note || o0.{text} || o0.id AS x FROM {product} WHERE o0.id > {n}"
    ),
    "products grouped": _family(
        _rows, "SELECT o0.id + o0.items * {n} AS x, max(o0.note) AS y FROM {product} GROUP BY 1"
    ),
    "products kept": _family(
        _rows, "WITH p AS MATERIALIZED (SELECT o0.* FROM {product}) "
        "SELECT count(*) AS n FROM p AS a, p AS b WHERE a.id > {n}"
    ),
    "products windowed": _family(
        _rows, "SELECT sum(o0.{number}) OVER (ORDER BY o0.note ROWS BETWEEN {size} PRECEDING AND {n} FOLLOWING) AS x "
        "FROM {product}"
    ),
    "products hashed": _family(
        _rows, "SELECT count(*) AS n FROM (SELECT o0.paid AS k, o0.note FROM {product}) AS a "
        "JOIN (SELECT o0.paid AS k, o0.note FROM {product}) AS b ON a.k = b.k AND a.note <> b.note || '{n}'"
    ),
    "products median": _family(
        _rows, "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY o0.note) AS x, count(DISTINCT o0.{text}) AS y "
        "FROM {product} WHERE o0.id > {n}"
    ),
    "unions": _family(_many, "SELECT {text} AS x FROM orders WHERE id > {n}", " UNION ", "{}"),
    "unions all": _family(_many, "SELECT {text} AS x FROM orders AS a JOIN orders AS b USING ({text}) WHERE a.id > {n}",
                          " UNION ALL ", "{}"),
    "excepts": _family(_many, "SELECT id AS x FROM orders WHERE id > {n}", " EXCEPT ", "{}"),
    "laterals": _family(
        _many, "CROSS JOIN LATERAL (SELECT o.{number} + {n} AS v{n} FROM orders AS i WHERE i.id > o.id) AS l{n}", " ",
        "SELECT count(*) AS n FROM orders AS o {}",
    ),
    # Expressions
    "sums": _family(_many, "{number} * {n}", " + "),
    "products of numbers": _family(_many, "({number} + {n})", " * "),
    "quotients": _family(_many, "({number} + 1.{n})", " / "),
    "powers": _family(_many, "power({number} + 1.{n}, {n})", " * "),
    "powers of powers": _family(_deep, "(", " ^ 9.9)"),
    "squares of squares": _family(_deep, "(", " ^ 19)"),
    "exponentials": _family(_many, "exp({number} / {n}.7)", " * "),
    "texts": _family(_many, "{text}", " || "),
    "texts of lists": _family(_many, "concat_ws({text}, {text}, {text}, note)", " || "),
    "conditions": _family(_many, "{number} = {n}", " OR ", "SELECT id FROM orders WHERE {}"),
    "conditions mixed": _family(_many, "({number} > {n} OR {text} < '{n}')", " AND ", "SELECT id FROM orders WHERE {}"),
    "lists": _family(_many, "{n}", ", ", "SELECT id FROM orders WHERE id IN ({})"),
    "lists of texts": _family(_many, "'{n}'", ", ", "SELECT id FROM orders WHERE note NOT IN ({})"),
    "cases": _family(_many, "WHEN {number} = {n} THEN {text}", " ", "SELECT CASE {} END AS x FROM orders"),
    "cases in cases": _family(_deep, "CASE WHEN paid THEN id ELSE ", " END"),
    "parentheses": _family(_deep, "(", ")"),
    "functions": _family(_deep, "upper(", ")", "{text}"),
    "casts": _family(_deep, "CAST(", " AS text)"),
    "nots": _family(_deep, "NOT ", "", "paid"),
    "minuses": _family(_deep, "- ", ""),
    "exists in exists": _family(_deep, "EXISTS (SELECT 1 FROM orders AS e WHERE e.id > id AND ", ")", "paid"),
    "scalars in scalars": _family(_deep, "(SELECT max(id) FROM orders WHERE id > ", ")"),
    # Texts and patterns
    "patterns": _family(_many, "note LIKE '%a%{n}_%b%' || {text}", " OR ", "SELECT id FROM orders WHERE {}"),
    "long patterns": lambda size, variant: f"SELECT id FROM orders WHERE note LIKE '%{'a' * size * 4}{variant}%'",
    "patterns of places": lambda size, variant: f"SELECT id FROM orders WHERE note ILIKE '{'%a_' * size}{variant}'",
    "searches": _family(_many, "strpos(note || note, {text} || 'b{n}')", " + "),
    "trims": _family(_many, "length(trim(both {text} || '{n}' from note || note))", " + "),
    "splits": _family(_many, "split_part(note || note, {text} || '{n}', {n})", " || "),
    "regular expressions": lambda size, variant: (
        f"SELECT substring(note, '({'a+' * size})+${variant}') AS x FROM orders WHERE id > {variant}"
    ),
    "formats": lambda size, variant: f"SELECT to_char(day, '{'Month J ' * size}{variant}') AS x FROM orders",
    "literals": lambda size, variant: f"SELECT '{'x' * size * 4}{variant}' || note AS x FROM orders",
    "numbers of many digits": lambda size, variant: f"SELECT total * 1{'9' * size * 4}.{variant}1 AS x FROM orders",
    "numbers with exponents": _family(_many, "1e{n}9999 / ({number} + 7)", " * "),
    "texts as numbers": _family(_many, "('1e6{n}000' || region)::numeric / 7", " * "),
    "roundings": lambda size, variant: f"SELECT round(total / 7, {size * 10 + variant}) AS x FROM orders",
    # Refused in any size
    "arrays": lambda size, variant: f"SELECT ARRAY[{', '.join(['note'] * size)}] AS x FROM orders WHERE id > {variant}",
    "brackets": lambda size, variant: f"SELECT note{'[1]' * size} AS x FROM orders WHERE id > {variant}",
    "growing functions": lambda size, variant: f"SELECT repeat(note, {size * 1_000_000 + variant}) AS x FROM orders",
    "padding": lambda size, variant: f"SELECT lpad(note, {size * 1_000_000 + variant}) AS x FROM orders",
    "character types": lambda size, variant: f"SELECT note::char({size * 10_000 + variant}) AS x FROM orders",
    "aggregated texts": _family(_rows, "SELECT string_agg(o0.note, '{n}') AS x FROM {product}"),
    "aggregated arrays": _family(_rows, "SELECT array_agg(o0.note) AS x FROM {product} WHERE o0.id > {n}"),
    "json": _family(_rows, "SELECT json_agg(o0) AS x FROM {product} WHERE o0.id > {n}"),
    "series": lambda size, variant: f"SELECT count(*) AS n FROM orders, generate_series({variant}, {10**size % 10**9})",
    "recursion": lambda size, variant: (
        "WITH RECURSIVE r AS (SELECT note AS x FROM orders UNION ALL SELECT x || x FROM r) "
        f"SELECT x FROM r LIMIT {size + variant}"
    ),
    "cubes": _family(_many, "{text} || '{n}'", ", ", "SELECT count(*) AS x FROM orders GROUP BY CUBE ({})"),
    "joins without conditions": _family(_many, "offset JOIN '{n}'", " ", "SELECT 1 FROM {}"),
}  # fmt: skip
