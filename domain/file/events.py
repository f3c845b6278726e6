"""What can happen to a file."""

from __future__ import annotations

from domain.event import Event, topic


@topic("file.uploaded.1", private=True)
class FileUploaded(Event, frozen=True, kw_only=True):
    """A member brought a file, which is kept sealed. `sha256` (hex) is of its bytes."""

    name: str
    media_type: str
    size: int
    user: str
    sha256: str = ""


@topic("file.deleted.1")
class FileDeleted(Event, frozen=True, kw_only=True):
    """It is gone, and so is the key that could open it. `reason`: `asked`, `session_erased`, `user_erased`,
    `tenant_erased`, `expired` or `broken_off` (it could not be kept)."""

    reason: str = "asked"
