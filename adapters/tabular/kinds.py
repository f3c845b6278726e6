"""Which of the two kinds of table a file is, by what it begins with."""

from __future__ import annotations

import io
from typing import BinaryIO

from domain.refusals import DocumentRefused, UnsupportedMediaType

PARQUET = b"PAR1"
NOT_TEXT = (b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"SQLite", b"\x89PNG", b"\xff\xd8\xff")
PIECE = 256 * 1024


def table_kind(extension: str, body: BinaryIO) -> str:
    """`csv` or `parquet`; the name's extension (small letters) must not say otherwise. Refusals as in
    `ports.tables.TableReader`."""
    head = body.read(PIECE)
    if not head.strip() and not _goes_on(body):
        raise DocumentRefused("empty_file", "The file is empty.")
    if head.startswith(PARQUET):
        if extension == "csv":
            raise DocumentRefused("type_mismatch", "The name says CSV, the content Parquet.")
        return "parquet"
    if extension in ("parquet", "pq"):
        raise DocumentRefused("type_mismatch", "The name says Parquet, the content does not.")
    if head.startswith(NOT_TEXT):
        raise UnsupportedMediaType("A dataset is a CSV or a Parquet file.")
    body.seek(0, io.SEEK_SET)
    return "csv"


def _goes_on(body: BinaryIO) -> bool:
    """Whether anything but white space follows."""
    return any(piece.strip() for piece in iter(lambda: body.read(PIECE), b""))
