"""The composition of backups: the database's owner, who alone sees all of it."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from adapters.database_login import session_url
from adapters.postgres.archive import AtMoment, archiving, bring_to
from adapters.postgres.backup import Manifest, Restored, back_up, restore
from api.settings import Settings


def back_up_database(settings: Settings, folder: Path) -> Manifest:
    """A backup of the database that the settings name."""
    return back_up(_owner(settings), folder, bucket=settings.bucket, table=settings.table)


def restore_database(settings: Settings, folder: Path, name: str) -> Restored:
    """A backup beside it."""
    return restore(_owner(settings), name, folder)


def archive_database(settings: Settings, folder: Path, slot: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Every change from now on, for as long as a block runs."""
    return archiving(_owner(settings), folder, slot)


def bring_database_to(settings: Settings, folder: Path, moment: datetime | None, into: Path, port: int) -> AtMoment:
    """A server of its own, as the database was at a moment."""
    return bring_to(_owner(settings), folder, moment, into, port)


def _owner(settings: Settings) -> str:
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    return session_url(settings.database_url, settings.database_direct_url)
