"""Before a migration is applied one can know whom it makes wait; and migrations only add, so that the version before
goes on beside this one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.postgres.migrate import MIGRATIONS
from adapters.postgres.migration_plan import Lock, locks_of, plan, touched, up_of

SIZES = {"public.files": 500.0, "public.documents": 100.0, "projections.audit_1": 5_000.0, "projections.costs_1": 10.0}
FIRST_ADDITIVE = "0070"
"""Before this one the schema was made, and nobody ran on it."""
TAKES_AWAY = re.compile(
    r"\bDROP (?:TABLE|COLUMN)\b|\bRENAME\b|\bSET NOT NULL\b|\bALTER (?:COLUMN )?\w+ TYPE\b|\bTRUNCATE\b", re.I
)


def written(folder: Path, name: str, up: str) -> Path:
    (folder / name).write_text(f"-- migrate:up\n{up}\n-- migrate:down\nDROP TABLE files;\n")
    return folder / name


def test_it_says_what_is_locked_for_whom_and_about_how_long(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "0001_old.sql", "ALTER TABLE files ADD COLUMN old text;"),
        written(
            tmp_path,
            "0002_new.sql",
            """
            CREATE TABLE notes (id text); -- ALTER TABLE documents ...
            CREATE INDEX ON notes (id);
            ALTER TABLE files ADD COLUMN kind text;
            CREATE INDEX files_by_kind ON files (kind);
            CREATE INDEX CONCURRENTLY IF NOT EXISTS d ON documents (status);
            ALTER TABLE documents ALTER COLUMN status SET NOT NULL;
            DO $$ BEGIN EXECUTE format('CREATE INDEX ON projections.%I (tenant)', 'audit_1'); END $$;
            """,
        ),
    ]
    missing, locks = locks_of(files, {"0001"}, SIZES)
    assert missing == ["0002_new.sql"]
    assert set(locks) == {
        Lock("0002_new.sql", "public.files", "everybody", 500.0, 0.0),
        Lock("0002_new.sql", "public.files", "writers", 500.0, 10.0),
        Lock("0002_new.sql", "public.documents", "nobody", 100.0, 2.0),
        Lock("0002_new.sql", "public.documents", "everybody", 100.0, 2.0),
        Lock("0002_new.sql", "projections.audit_1", "writers", 5_000.0, 100.0),
        Lock("0002_new.sql", "projections.costs_1", "writers", 10.0, 0.2),
    }


def test_migrations_only_add() -> None:
    """What one takes away, the version before still asks for. A table that a migration itself made is its own."""
    later = [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.name >= FIRST_ADDITIVE]
    assert later
    for path in later:
        up = re.sub(r"\bDROP (?:FUNCTION|POLICY|TRIGGER|INDEX|VIEW)[^;]*;", "", up_of(path.read_text()))
        assert not TAKES_AWAY.search(up), f"{path.name}: {TAKES_AWAY.search(up)}"


@pytest.mark.real
def test_a_database_that_is_up_to_date_waits_for_nothing(database: str) -> None:
    assert plan(database) == ([], [])


def test_every_statement_that_locks_is_known() -> None:
    for path in MIGRATIONS.glob("*.sql"):
        up = up_of(path.read_text())
        found = sum(1 for _ in touched(up))
        assert found >= len(re.findall(r"\bALTER TABLE (?!.*ATTACH)", up)), path.name
