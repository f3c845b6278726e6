"""What bringing a database to the current schema would lock, whom that makes wait, and about how long: read from the
migrations that are missing and from the sizes of the tables that they touch; nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import psycopg

from adapters.postgres.migrate import MIGRATIONS

MB_A_SECOND = 50.0
"""What a modest disk reads while others use it: an index is built, and a table checked or written anew, no faster."""
Waits = Literal["nobody", "writers", "everybody"]
NAME = r"(?:IF (?:NOT )?EXISTS )?(?:ONLY )?([\w.%$\"]+)"
MADE = re.compile(rf"\bCREATE (?:UNLOGGED )?TABLE {NAME}", re.I)
COMMENT = re.compile(r"--[^\n]*")
QUOTE = re.compile(r"\$\w*\$")
FUNCTION = re.compile(r"\bCREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b", re.I)
CHECKS_ALL = re.compile(r"\bSET NOT NULL\b|\bTYPE\b|\bADD (?:CONSTRAINT|PRIMARY|FOREIGN)\b", re.I)
PUT_TOGETHER = re.compile(r"%[0-9$]*[IsL]")
# What a statement takes, by PostgreSQL's manual ("Explicit Locking", "ALTER TABLE"): whom it makes wait, and whether it
# reads or writes all of the table meanwhile (of ALTER TABLE: when it checks all rows). The first that fits counts.
STATEMENTS: tuple[tuple[re.Pattern[str], Waits, bool], ...] = (
    (re.compile(rf"\bINDEX CONCURRENTLY (?:IF NOT EXISTS )?(?:[\w%]+ )?ON {NAME}", re.I), "nobody", True),
    (re.compile(rf"\bINDEX (?:IF NOT EXISTS )?(?:[\w%]+ )?ON {NAME}", re.I), "writers", True),
    (re.compile(rf"\bALTER TABLE {NAME}", re.I), "everybody", False),
    (re.compile(rf"\bPOLICY \w+ ON {NAME}", re.I), "everybody", False),
    (re.compile(rf"\bDROP TABLE {NAME}", re.I), "everybody", False),
    (re.compile(rf"\bTRUNCATE (?:TABLE )?{NAME}", re.I), "everybody", False),
    (re.compile(rf"\bUPDATE {NAME} SET", re.I), "nobody", True),
    (re.compile(rf"\bDELETE FROM {NAME}", re.I), "nobody", True),
)


class Lock(msgspec.Struct, frozen=True):
    """What a migration does to a table that is there: whom it makes wait, and for how many seconds at least the size of
    that table lets one expect."""

    migration: str
    table: str
    waits: Waits
    megabytes: float
    seconds: float


def plan(database_url: str) -> tuple[list[str], list[Lock]]:
    """The migrations that are missing, and what they would lock, in order."""
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        there = connection.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
        rows = connection.execute("SELECT version FROM schema_migrations").fetchall() if there and there[0] else []
        sizes = {
            f"{schema}.{name}": float(size)
            for schema, name, size in connection.execute(
                "SELECT n.nspname::text, c.relname::text, pg_total_relation_size(c.oid) / 1048576.0"
                " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema)'"
            )
        }
    return locks_of(sorted(MIGRATIONS.glob("*.sql")), {str(row[0]) for row in rows}, sizes)


def locks_of(migrations: list[Path], applied: set[str], megabytes: Mapping[str, float]) -> tuple[list[str], list[Lock]]:
    """The same of these files and tables (`schema.name` to megabytes)."""
    missing = [path for path in migrations if path.name.partition("_")[0] not in applied]
    locks = [lock for path in missing for lock in _locks(path.name, up_of(path.read_text()), megabytes)]
    return [path.name for path in missing], locks


def up_of(text: str) -> str:
    """What of a migration is done forward: without comments, and without what functions do when they are called."""
    found = COMMENT.sub("", text.partition("-- migrate:up")[2].partition("-- migrate:down")[0])
    kept: list[str] = []
    begin, quoted = 0, ""
    for quote in QUOTE.finditer(found):
        if quoted and quote.group() != quoted:
            continue
        piece = found[begin : quote.start()]
        body_of_function = quoted and FUNCTION.search(kept[-1].rpartition(";")[2])
        kept.append("" if body_of_function else piece)
        begin, quoted = quote.end(), "" if quoted else quote.group()
    return "".join([*kept, found[begin:]])


def touched(text: str) -> Iterator[tuple[str, Waits, bool]]:
    """Each table that statements of a migration lock: its name, or a pattern with `%` where a name is put together."""
    for statement in text.split(";"):
        for pattern, waits, whole in STATEMENTS:
            if found := pattern.search(statement):
                checks = statement[found.end() :] if waits == "everybody" else ""
                yield found.group(1), waits, whole or bool(CHECKS_ALL.search(checks))
                break


def _locks(name: str, text: str, megabytes: Mapping[str, float]) -> Iterator[Lock]:
    new = {made.strip('"') for made in MADE.findall(text)}
    for table, waits, whole in touched(text):
        if table.strip('"') in new:
            continue
        for known in _named(table.strip('"'), megabytes):
            size = megabytes[known]
            yield Lock(name, known, waits, round(size, 1), round(size / MB_A_SECOND, 1) if whole else 0.0)


def _named(table: str, megabytes: Mapping[str, float]) -> list[str]:
    """The tables that are there by a name; of one that is put together (`projections.%I`), all that it may mean."""
    wanted = table if "." in table else f"public.{table}"
    parts = PUT_TOGETHER.split(wanted)
    begin, end = parts[0], parts[-1]
    if len(parts) == 1:
        return [wanted] if wanted in megabytes else []
    return sorted(known for known in megabytes if known.startswith(begin) and known.endswith(end))
