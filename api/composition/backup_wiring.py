"""The composition of backups: the database's owner, who alone sees all of it."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from adapters.database_login import session_url
from adapters.postgres.archive import AtMoment, archiving, bring_to
from adapters.postgres.backup import Manifest, Restored, back_up, restore
from api.composition.lanes import owners_of
from api.settings import Settings


def back_up_databases(settings: Settings, folder: Path) -> list[Manifest]:
    """A backup of each database that the settings name: of the first in the folder itself, of each other in one of its
    own below, as of the moment that it began."""
    return [
        back_up(owner, below(folder, number), bucket=settings.bucket, table=settings.table)
        for number, owner in enumerate(_owners(settings))
    ]


def restore_databases(settings: Settings, folder: Path, name: str) -> list[Restored]:
    """Each beside the one that it is of."""
    return [restore(owner, name, below(folder, number)) for number, owner in enumerate(_owners(settings))]


def archive_database(settings: Settings, folder: Path, slot: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Every change from now on, for as long as a block runs."""
    return archiving(_only(settings), folder, slot)


def bring_database_to(settings: Settings, folder: Path, moment: datetime | None, into: Path, port: int) -> AtMoment:
    """A server of its own, as the database was at a moment."""
    return bring_to(_only(settings), folder, moment, into, port)


def _only(settings: Settings) -> str:
    """The log of changes is a server's."""
    if settings.databases > 1:
        raise RuntimeError("this is of one server: follow each by itself, named by COLLOQUY_DATABASE_URL alone")
    return _owners(settings)[0]


def below(folder: Path, number: int) -> Path:
    """Where the backup of a database lies."""
    return folder / f"database_{number}" if number else folder


def _owners(settings: Settings) -> list[str]:
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    first, *others = owners_of(settings)
    return [session_url(first, settings.database_direct_url), *others]
