"""A backup is of one moment, restored beside and never over, and what it comes to is checked fact by fact."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.backup import DUMP, Unlike, back_up, lanes_of, read_manifest, restore
from api.cli.backup import with_programs

FACTS = """INSERT INTO events_0 (originator_id, originator_version, topic, state)
SELECT 't/session/' || %s, n, 'session.opened.1', sha256(n::text::bytea) FROM generate_series(1, %s) AS n"""


def store(database: str, stream: str, facts: int) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(FACTS, (stream, facts))


@pytest.mark.real
def test_what_is_restored_is_what_was_there_at_that_moment(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # put back afterwards, with what the next line adds
    with_programs()
    store(database, "before", 40)
    made = back_up(database, tmp_path, bucket="b")
    assert made == read_manifest(tmp_path) and made.lanes["events_0"].facts == 40
    store(database, "since", 10)
    name = f"restored_{uuid4().hex[:8]}"
    try:
        done = restore(database, name, tmp_path)
        assert (done.facts, done.made_at) == (40, made.made_at)
        with pytest.raises(RuntimeError, match="beside, never over"):
            restore(database, urlsplit(database).path.strip("/"), tmp_path)
        with psycopg.connect(urlsplit(database)._replace(path=f"/{name}").geturl(), autocommit=True) as connection:
            connection.execute("UPDATE events_0 SET state = state || 'x' WHERE notification_id = 7")
            assert lanes_of(connection) != made.lanes, "no change of a fact goes unseen"
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_a_folder_without_a_backup_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="holds no backup"):
        read_manifest(tmp_path)
    assert DUMP and issubclass(Unlike, RuntimeError)
