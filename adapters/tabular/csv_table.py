"""CSV to typed rows: the whole file is looked at before the first row is given, for its types and for its faults."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from adapters.tabular.columns import canonical, column_names, narrowest
from application.ports.tables import Row
from domain.refusals import DocumentRefused
from domain.tenant.events import Column

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DELIMITERS = ",;\t|"
MOST_COLUMNS = 500
MOST_ROWS = 5_000_000
LONGEST_CELL = 1_000_000


def read_csv(body: bytes) -> tuple[list[Column], Iterator[Row]]:
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
    for number, (line, record) in enumerate(lines, 1):
        if len(record) != len(header):
            raise DocumentRefused(
                "unreadable", f"Line {line}: {len(record)} values, but the header has {len(header)} columns."
            )
        if number > MOST_ROWS:
            raise DocumentRefused("unreadable", f"Line {line}: at most {MOST_ROWS} rows.")
        narrowest(kinds, record)
    kinds = [kind or "text" for kind in kinds]
    return list(map(Column, column_names(header), kinds)), _rows(body, encoding, kinds)


def _rows(body: bytes, encoding: str, kinds: list[str]) -> Iterator[Row]:
    records = _records(body, encoding)
    next(records)
    for _, record in records:
        yield [canonical(text, kind) for text, kind in zip(record, kinds, strict=True)]


def _records(body: bytes, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it ends on; empty lines are none."""
    with io.TextIOWrapper(io.BytesIO(body), encoding, errors="replace", newline="") as text:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                if any("\0" in cell for cell in record):
                    raise DocumentRefused("unreadable", f"Line {reader.line_num}: a NUL character.")
                if record:
                    yield reader.line_num, record
        except csv.Error as error:
            raise DocumentRefused("unreadable", f"Line {reader.line_num}: {error}.") from error


def _encoding(body: bytes) -> str:
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return encoding
    try:
        body.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(header: str) -> str:
    """The candidate that the first line holds most of."""
    return max(DELIMITERS, key=header.count)
