"""The rules of a file."""

from __future__ import annotations

from domain.event import Event
from domain.file.commands import AddFile
from domain.file.events import FileDeleted, FileUploaded
from domain.file.state import File
from domain.refusals import FileNotFound, InUse


def add_file(file: File, command: AddFile) -> list[Event]:
    """A file is brought once and never changes: the same bytes again are no news, others are refused."""
    digest = command.sha256.hex()
    if file.status == "kept" and file.sha256 == digest:
        return []
    if file.status != "absent":
        raise InUse("This link was used: another file came by it. Ask for another link.")
    return [
        FileUploaded(
            name=command.name, media_type=command.media_type, size=command.size, user=command.user, sha256=digest
        )
    ]


def delete_file(file: File, reason: str) -> list[Event]:
    """One that is there can go; a deletion that was cut off is gone on with."""
    if file.status == "absent":
        raise FileNotFound
    return [FileDeleted(reason=reason)] if file.status == "kept" else []
