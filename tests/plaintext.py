"""Looks for secrets in every file of a database: tables, indexes, write-ahead log and all."""

from __future__ import annotations

from pathlib import Path

import psycopg


def files_that_tell(database: str, secrets: tuple[bytes, ...]) -> list[str]:
    """The files below the server's data directory that hold any of the secrets, after a checkpoint."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CHECKPOINT")
        row = owner.execute("SHOW data_directory").fetchone()
    assert row is not None
    files = [path for path in Path(row[0]).rglob("*") if path.is_file()]
    assert len(files) > 100
    return [str(path) for path in files if any(secret in path.read_bytes() for secret in secrets)]
