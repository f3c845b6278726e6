"""What can be asked of a file."""

from __future__ import annotations

import msgspec


class AddFile(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a member's file. `media_type` was told from its bytes; `size` is in bytes, `sha256` is of them all."""

    name: str
    media_type: str
    size: int
    sha256: bytes
    user: str
