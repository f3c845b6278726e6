"""What a file must remember in order to decide."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.event import Event, Shredded
from domain.file.events import FileDeleted, FileUploaded

Status = Literal["absent", "kept", "deleted"]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is one, and which bytes it holds (SHA-256, hex)."""

    status: Status = "absent"
    sha256: str = ""


def evolve(file: File, event: Event) -> File:
    """The file after `event`."""
    match event:
        case FileUploaded():
            return File(status="kept", sha256=event.sha256)
        case Shredded() if event.topic == FileUploaded.TOPIC:
            return File(status="kept")
        case FileDeleted():
            return File(status="deleted")
        case _:
            return file
