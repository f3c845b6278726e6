"""Brings a database to the current schema with dbmate, and creates its lanes and its logins."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg

import infra
from adapters.database_login import HEARD_S
from adapters.postgres.logins import provision_logins

MIGRATIONS = Path(infra.__path__[0]) / "migrations"
DEADLINE_S = 120
LOCAL = (None, "127.0.0.1", "localhost", "::1")


def migrate(database_url: str, lanes: int = 1, logins: Mapping[str, str] | None = None) -> None:
    """Apply what is missing, as the owner that the URL names, who may create roles; RuntimeError with dbmate's words
    when it fails. Several may be at it at once: they take turns. `logins` are the URLs that parts of the program log in
    with; the others get one of their own (see `provision_logins`), which a later migration leaves as it is."""
    verify_sessions(database_url)
    command = [
        str(Path(sysconfig.get_path("scripts")) / "dbmate"),
        "--migrations-dir", str(MIGRATIONS),
        "--no-dump-schema",
        "--migration-lock", "--migration-lock-timeout", f"{DEADLINE_S // 2}s",
        "migrate",
    ]  # fmt: skip
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": dbmate_url(database_url),  # not on the command line, which everybody can read
    }
    # In a folder of ours: dbmate takes settings from a file `.env` where it is started.
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, env=environment, cwd=MIGRATIONS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the database could not be migrated: {(done.stderr or done.stdout).strip()[-800:]}")
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("SELECT set_config('lock_timeout', '60s', false), pg_advisory_lock(hashtext('create_lane'))")
        for lane in range(lanes):
            connection.execute("SELECT create_lane(%s)", (lane,))
        provision_logins(connection, logins or {})


def verify_sessions(database_url: str) -> None:
    """RuntimeError when a pooler in transaction mode stands between: a migration holds locks of its session."""
    with (
        psycopg.connect(database_url, autocommit=True, connect_timeout=10) as hearing,
        psycopg.connect(database_url, autocommit=True, connect_timeout=10) as telling,
    ):
        hearing.execute("LISTEN colloquy_migrate_probe")
        telling.execute("NOTIFY colloquy_migrate_probe")
        if not any(hearing.notifies(timeout=HEARD_S, stop_after=1)):
            raise RuntimeError(
                "the database cannot be migrated through a pooler in transaction mode: set COLLOQUY_DATABASE_DIRECT_URL"
                " to PostgreSQL itself"
            )


def dbmate_url(database_url: str) -> str:
    """The same database as dbmate spells it: without TLS on this machine unless the URL says otherwise."""
    parts = urlsplit(database_url)
    query = dict(parse_qsl(parts.query))
    if host := query.pop("host", ""):
        query["socket" if host.startswith("/") else "host"] = host
    if "sslmode" not in query and parts.hostname in LOCAL:
        query["sslmode"] = "disable"
    return f"postgres://{parts.netloc}{parts.path}?{urlencode(query)}"
