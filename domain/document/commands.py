"""What can be asked of a document."""

from __future__ import annotations

import msgspec


class AddDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Take a file into the corpus. `media_type` was sniffed from its bytes; `size` is in bytes; `replaces` is the
    document whose next version it is, if any."""

    title: str
    media_type: str
    size: int
    user: str
    collection: str = ""
    replaces: str = ""
