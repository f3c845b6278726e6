"""CSV to typed rows: the whole file is looked at before the first row is given, for its types and for its faults."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from adapters.tabular.columns import canonical, column_names, narrowest
from adapters.tabular.kinds import PIECE
from application.ports.tables import Row
from domain.refusals import DocumentRefused
from domain.tenant.events import Column

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DELIMITERS = ",;\t|"
MOST_COLUMNS = 500
LONGEST_CELL = 1_000_000


def read_csv(body: BinaryIO) -> tuple[list[Column], Iterator[Row]]:
    """The columns of a table whose first row names them, and its rows. DocumentRefused with the number of the line that
    is wrong."""
    csv.field_size_limit(LONGEST_CELL)
    encoding = _encoding(body)
    lines = _records(body, encoding)
    _, header = next(lines, (1, []))
    if not any(cell.strip() for cell in header):
        raise DocumentRefused("empty_file", "The file has no header row.")
    if len(header) > MOST_COLUMNS:
        raise DocumentRefused("unreadable", f"Line 1: at most {MOST_COLUMNS} columns.")
    kinds = [""] * len(header)
    for line, record in lines:
        if len(record) != len(header):
            raise DocumentRefused(
                "unreadable", f"Line {line}: {len(record)} values, but the header has {len(header)} columns."
            )
        narrowest(kinds, record)
    kinds = [kind or "text" for kind in kinds]
    return list(map(Column, column_names(header), kinds)), _rows(body, encoding, kinds)


def _rows(body: BinaryIO, encoding: str, kinds: list[str]) -> Iterator[Row]:
    records = _records(body, encoding)
    next(records)
    for _, record in records:
        yield [canonical(text, kind) for text, kind in zip(record, kinds, strict=True)]


def _records(body: BinaryIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it ends on; empty lines are none."""
    body.seek(0)
    text = io.TextIOWrapper(body, encoding, errors="replace", newline="")
    try:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for record in reader:
            if any("\0" in cell for cell in record):
                raise DocumentRefused("unreadable", f"Line {reader.line_num}: a NUL character.")
            if record:
                yield reader.line_num, record
    except csv.Error as error:
        raise DocumentRefused("unreadable", f"Line {reader.line_num}: {error}.") from error
    finally:
        if not body.closed:
            text.detach()  # the file is read a second time


def _encoding(body: BinaryIO) -> str:
    body.seek(0)
    piece = body.read(PIECE)
    for mark, encoding in MARKS:
        if piece.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece:
            decoder.decode(piece)
            piece = body.read(PIECE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(header: str) -> str:
    """The candidate that the first line holds most of."""
    return max(DELIMITERS, key=header.count)
