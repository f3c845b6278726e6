"""A backup of the database as one file with what it must come to, and its restore beside: checked fact by fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from adapters.postgres.client_programs import as_environment, run
from application.clock import monotonic, now

DUMP, MANIFEST = "database.dump", "manifest.json"
LANES = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname ~ '^events_[0-9]+$'"
# How many facts a lane has, its last position, and a sum over all of them that any change of any changes.
DIGEST = SQL("""
SELECT count(*), coalesce(max(notification_id), 0), coalesce(sum(hashtextextended(
  concat_ws('/', notification_id, originator_id, originator_version, topic, md5(state)), 0)::numeric), 0)::text
FROM public.{} WHERE notification_id <= %s""")
EVERYTHING = 2**62

COUNT = SQL("SELECT count(*) FROM public.{}")


class Lane(msgspec.Struct, frozen=True):
    """What a lane of the log holds: facts, the last position, a sum over them."""

    facts: int
    head: int
    digest: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, as of one moment. Keys are in it wrapped; what unwraps them is KMS's, and the bucket has
    what was written down of keys since (ADR 200): both belong to a restore."""

    made_at: datetime
    server: str
    lanes: dict[str, Lane]
    bucket: str = ""
    table: str = ""


class Restored(msgspec.Struct, frozen=True):
    """A copy beside: its database, how many facts, how old the backup is, and how long it took."""

    database: str
    facts: int
    made_at: datetime
    seconds: float


class Unlike(RuntimeError):
    """What was restored is not what was backed up."""


def back_up(database_url: str, folder: Path, *, bucket: str = "", table: str = "") -> Manifest:
    """Write a dump and its manifest, of one moment, while everything goes on. The URL's role must see all rows
    (superuser or BYPASSRLS); where there is none, as on Amazon RDS, its own snapshots are the way."""
    folder.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(database_url, connect_timeout=10) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot is not None, "it is a function of one row"
        manifest = Manifest(now(), str(connection.info.server_version), lanes_of(connection), bucket, table)
        options = ("--format=custom", f"--snapshot={snapshot[0]}", f"--file={folder / DUMP}")
        _of_database("pg_dump", database_url, *options)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def restore(database_url: str, name: str, folder: Path) -> Restored:
    """Restore into a new database `name` of the same server, never over one that is there; `Unlike` when it does not
    come to what the manifest says."""
    began, manifest = monotonic(), read_manifest(folder)
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        try:
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
        except psycopg.errors.DuplicateDatabase:
            raise RuntimeError(f"there is a database {name} already: a restore goes beside, never over") from None
    beside = beside_of(database_url, name)
    _of_database("pg_restore", beside, "--exit-on-error", "--jobs=2", str(folder / DUMP))
    with psycopg.connect(beside, autocommit=True, connect_timeout=10) as connection:
        found = lanes_of(connection)
    if found != manifest.lanes:
        raise Unlike(f"backed up: {manifest.lanes}; restored: {found}")
    facts = sum(lane.facts for lane in found.values())
    return Restored(name, facts, manifest.made_at, round(monotonic() - began, 1))


def beside_of(url: str, name: str) -> str:
    """The same server, another database; an empty URL stays empty."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}")) if url else ""


def drop(database_url: str, name: str) -> None:
    """Take a copy away, whoever is still in it."""
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def given_back(database_url: str, copy_url: str) -> int:
    """How many streams have a key in the copy and none in the database itself: what was erased there can be read
    here."""
    found = 0
    with psycopg.connect(database_url) as there, psycopg.connect(copy_url) as here, there.cursor("erased") as erased:
        erased.execute("SELECT stream FROM stream_keys WHERE wrapped IS NULL")
        while streams := [stream for (stream,) in erased.fetchmany(5_000)]:
            row = here.execute(
                "SELECT count(*) FROM stream_keys WHERE stream = ANY(%s) AND wrapped IS NOT NULL", (streams,)
            ).fetchone()
            found += row[0] if row else 0
    return found


def same_logins(database_url: str, copy_url: str) -> bool:
    """Whether both remember the same passwords. Roles are of the server: to migrate a copy that remembers older ones
    would lock out those who work."""
    drawn = []
    for url in (database_url, copy_url):
        with psycopg.connect(url, connect_timeout=10) as connection:
            drawn.append(connection.execute("SELECT part, role, password FROM logins ORDER BY part").fetchall())
    return drawn[0] == drawn[1]


def read_manifest(folder: Path) -> Manifest:
    """What a backup says that it holds; RuntimeError when it is none."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise RuntimeError(f"{folder} holds no backup: {error}") from None


def lanes_of(connection: psycopg.Connection[Any]) -> dict[str, Lane]:
    """Each lane of the log, by its table."""
    names = [str(name) for (name,) in connection.execute(LANES)]
    return heads_of(connection, dict.fromkeys(sorted(names), EVERYTHING))


def heads_of(connection: psycopg.Connection[Any], upto: Mapping[str, int]) -> dict[str, Lane]:
    """The same as far as these positions go."""
    found = {
        name: connection.execute(DIGEST.format(Identifier(name)), (position,)).fetchone()
        for name, position in upto.items()
    }
    return {name: Lane(*row) for name, row in found.items() if row is not None}


def facts_in(database_url: str) -> int:
    """How many facts the log holds now."""
    with psycopg.connect(database_url, connect_timeout=10) as connection:
        names = [str(name) for (name,) in connection.execute(LANES)]
        counts = [connection.execute(COUNT.format(Identifier(name))).fetchone() for name in names]
    return sum(row[0] for row in counts if row)


def _of_database(program: str, database_url: str, *options: str) -> None:
    told = as_environment(database_url)
    run(program, "--no-password", f"--dbname={told['PGDATABASE']}", *options, told=told)
