"""Tools whose SQL would be heavy or would read what is not the dataset's."""

from __future__ import annotations

import httpx

from tests.attack.attack import Attack, Ground

MUST = "refused when the tool is put, or stopped at its deadline; searches go on"
CSV = "id,name,amount\n" + "".join(f"{n},name{n % 7},{n % 13}.5\n" for n in range(200))


def _chain(levels: int, step: str, first: str = "SELECT name AS x FROM rows", word: str = "") -> str:
    parts = [f"t0 AS {word} ({first})"]
    parts += [f"t{n} AS {word} (SELECT {step} AS x FROM t{n - 1})" for n in range(1, levels)]
    return f"WITH {', '.join(parts)} SELECT count(*) AS n FROM t{levels - 1}"


def _joins(count: int) -> str:
    return "SELECT count(*) AS n FROM rows r0 " + " ".join(f"CROSS JOIN rows r{n}" for n in range(1, count))


QUERIES = {
    "doubling": _chain(26, "x || x"),
    "doubling kept": _chain(26, "x || x", word="MATERIALIZED"),
    "chain used twice": "WITH a AS (SELECT id FROM rows), "
    + ", ".join(f"a{n} AS (SELECT p.id FROM a{n - 1 if n else ''} p, a{n - 1 if n else ''} q)" for n in range(12))
    + " SELECT count(*) AS n FROM a11",
    **{f"{count} cross joins": _joins(count) for count in (3, 4, 5, 6, 8, 12, 20)},
    "unions": " UNION ALL ".join(["SELECT id FROM rows"] * 300),
    "unions of joins": " UNION ALL ".join([f"({_joins(4)})"] * 20),
    "deep brackets": "SELECT " + "(" * 2_000 + "1" + ")" * 2_000 + " AS n FROM rows",
    "deep case": "SELECT " + "CASE WHEN id = 1 THEN " * 300 + "1" + " END" * 300 + " AS n FROM rows",
    "long sum": "SELECT " + "+".join(["id"] * 5_000) + " AS n FROM rows",
    "long in": f"SELECT id FROM rows WHERE id IN ({','.join(map(str, range(20_000)))})",
    "nested selects": "SELECT id FROM " + "(SELECT id FROM " * 200 + "rows" + " s)" * 200,
    "recursive": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS n FROM r",
    "repeat": "SELECT repeat(name, 100000000) AS n FROM rows",
    "lpad": "SELECT lpad(name, 100000000) AS n FROM rows",
    "series": "SELECT count(*) AS n FROM generate_series(1, 100000000000)",
    "aggregate": "SELECT string_agg(repeat(name, 10000), '') AS n FROM rows, rows b",
    "regex": "SELECT name ~ '((a*)*)*b' AS n FROM rows",
    "replace": "SELECT replace(repeat('a', 1000), 'a', repeat('b', 100000)) AS n FROM rows",
    "sleep": "SELECT pg_sleep(30) AS n FROM rows",
    "files": "SELECT pg_read_file('/etc/passwd') AS n FROM rows",
    "other tables": "SELECT * FROM stream_keys",
    "catalogue": "SELECT * FROM pg_catalog.pg_roles",
    "schema of another": "SELECT * FROM public.events_0",
    "setting": "SELECT set_config('role', 'postgres', false) AS n FROM rows",
    "lock": "SELECT pg_advisory_lock(1) AS n FROM rows",
    "two statements": "SELECT id FROM rows; DROP TABLE rows",
    "writing": "WITH d AS (DELETE FROM rows RETURNING id) SELECT id FROM d",
    "comment": "SELECT id FROM rows -- \n; SELECT 1",
    "copy": "COPY rows TO PROGRAM 'id'",
    "lateral": "SELECT count(*) AS n FROM rows a, LATERAL (SELECT b.id FROM rows b, rows c, rows d) x",
    "cube": "SELECT count(*) AS n FROM rows GROUP BY CUBE(" + ",".join(["id", "name", "amount"] * 4) + ")",
    "window": "SELECT sum(amount) OVER (ORDER BY a.id) AS n FROM rows a, rows b, rows c, rows d",
    "distinct": "SELECT DISTINCT a.name || b.name || c.name || d.name AS n FROM rows a, rows b, rows c, rows d",
    "sort": "SELECT a.id FROM rows a, rows b, rows c, rows d ORDER BY a.name || b.name || c.name, d.id LIMIT 5",
    "xml": "SELECT query_to_xml('SELECT 1', true, true, '') AS n FROM rows",
    "json": "SELECT json_agg(a) AS n FROM rows a, rows b, rows c",
    "cast": "SELECT 'pg_authid'::regclass AS n FROM rows",
    "null bytes": "SELECT '\\0' AS n FROM rows",
    "exponent": "SELECT (9^9^9)::text AS n FROM rows",
    "digits": "SELECT " + "9" * 20_000 + " AS n FROM rows",
}


async def _dataset(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/datasets/rows")
    if answer.status_code != 200:
        put = await http.put("/v1/datasets/rows", files={"file": ("rows.csv", CSV.encode())})
        assert put.status_code == 200, put.text


def _attack(n: int, name: str, sql: str) -> Attack:
    hostile = f"hostile-{n}"

    async def run(ground: Ground) -> None:
        async with ground.http("admin") as http:
            await _dataset(http)
            tool = {"description": name, "input_schema": {"type": "object"}, "query": {"dataset": "rows", "sql": sql}}
            put = await http.put(f"/v1/tools/{hostile}", json=tool)
            assert put.status_code < 500, put.text[:500]
            if put.status_code != 200:
                return
            assistant = {"tools": [hostile], "documents": False, "cache": {"exact": False, "semantic": False}}
            answer = await http.put(f"/v1/assistants/{hostile}", json=assistant)
            assert answer.status_code == 200, answer.text[:500]
        async with ground.chat(open=False) as chat:
            await chat.send({"type": "session.open", "assistant": hostile})
            await chat.until("session.opened")
            frame = await chat.ask(f"hostile {name}")
            assert frame["type"] in ("turn.completed", "turn.failed"), frame
            assert frame.get("error", {}).get("code") != "internal", frame
            assert "postgres:" not in str(chat.frames) and "wrapped" not in str(chat.frames)

    return Attack("sql", name, MUST, run)


ATTACKS = [_attack(n, name, sql) for n, (name, sql) in enumerate(QUERIES.items())]
