"""Kinds of files by their media types: what can be read as text, what is a picture, and what is only kept."""

from __future__ import annotations

from typing import Literal, get_args

READABLE = frozenset(
    (
        "text/plain",
        "text/markdown",
        "text/html",
        "text/csv",
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/rtf",
        "application/json",
        "application/jsonl",
        "application/epub+zip",
        "message/rfc822",
    )
)
"""Read as documents are."""
PictureType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
PICTURES: frozenset[str] = frozenset(get_args(PictureType))
"""What models look at."""
UNKNOWN = "application/octet-stream"
"""Kept, and given back as it came."""
