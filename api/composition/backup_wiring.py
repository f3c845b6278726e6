"""The composition of backups: the database's owner, who alone sees all of it."""

from __future__ import annotations

from pathlib import Path

from adapters.database_login import session_url
from adapters.postgres.backup import Manifest, Restored, back_up, restore
from api.settings import Settings


def back_up_database(settings: Settings, folder: Path) -> Manifest:
    """A backup of the database that the settings name."""
    return back_up(_owner(settings), folder, bucket=settings.bucket, table=settings.table)


def restore_database(settings: Settings, folder: Path, name: str) -> Restored:
    """A backup beside it."""
    return restore(_owner(settings), name, folder)


def _owner(settings: Settings) -> str:
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    return session_url(settings.database_url, settings.database_direct_url)
