"""CSV to typed rows: the whole file is looked at before the first row is given, for its types and for its faults."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, NamedTuple

from adapters.charsets.csv_rows import SAMPLE, Form, form_of, header_of, reader
from adapters.charsets.decoding import is_utf8_with_faults
from adapters.charsets.guessing import guess
from adapters.charsets.unmarked import unmarked_utf
from adapters.tabular.columns import canonical, column_names, narrowest
from adapters.tabular.kinds import PIECE
from application.ports.tools.tables import Row
from domain.refusals import DocumentRefused
from domain.tenant.events import Column

MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
MOST_COLUMNS = 500
LONGEST_CELL = 1_000_000
ROWS_ABOVE = 50
"""Rows that are looked at for the one that names the columns; titles may stand above it."""


class _Layout(NamedTuple):
    """How a file is to be read: its encoding, its form, and how many rows stand above the header."""

    encoding: str
    form: Form
    above: int


def read_csv(body: BinaryIO) -> tuple[list[Column], Iterator[Row]]:
    """The columns of a table whose first full row names them, and its rows. DocumentRefused with the number of the line
    that is wrong."""
    csv.field_size_limit(LONGEST_CELL)
    layout = _layout(body)
    lines = _records(body, layout)
    first, header = next(lines, (1, []))
    if not any(cell.strip() for cell in header):
        raise DocumentRefused("empty_file", "The file has no header row.")
    if len(header) > MOST_COLUMNS:
        raise DocumentRefused("unreadable", f"Line {first}: at most {MOST_COLUMNS} columns.")
    kinds = [""] * len(header)
    for line, record in lines:
        if len(record) != len(header):
            raise DocumentRefused(
                "unreadable", f"Line {line}: {len(record)} values, but the header has {len(header)} columns."
            )
        narrowest(kinds, record)
    kinds = [kind or "text" for kind in kinds]
    return list(map(Column, column_names(header), kinds)), _rows(body, layout, kinds)


def _rows(body: BinaryIO, layout: _Layout, kinds: list[str]) -> Iterator[Row]:
    records = _records(body, layout)
    next(records)
    for _, record in records:
        yield [canonical(text, kind) for text, kind in zip(record, kinds, strict=True)]


def _layout(body: BinaryIO) -> _Layout:
    encoding = _encoding(body)
    with _text(body, encoding) as text:
        try:
            beginning = text.read(SAMPLE)
            whole = not text.read(1)
        except UnicodeDecodeError as error:
            raise DocumentRefused("unreadable", f"The file holds bytes that are no {encoding}.") from error
    layout = _Layout(encoding, form_of(beginning, whole=whole), 0)
    rows = [record for _, record in islice(_records(body, layout), ROWS_ABOVE)]
    return layout._replace(above=header_of(rows))


def _records(body: BinaryIO, layout: _Layout) -> Iterator[tuple[int, list[str]]]:
    """Each record, from the header on, with the line that it ends on; empty lines are none."""
    with _text(body, layout.encoding) as text:
        skipped = text.read(layout.form.skip).count("\n")
        rows = reader(text, layout.form, strict=True)
        above = layout.above
        try:
            for record in rows:
                line = rows.line_num + skipped
                if any("\0" in cell for cell in record):
                    raise DocumentRefused("unreadable", f"Line {line}: a NUL character.")
                if record and above:
                    above -= 1
                elif record:
                    yield line, record
        except csv.Error as error:
            raise DocumentRefused("unreadable", f"Line {rows.line_num + skipped}: {error}.") from error
        except UnicodeDecodeError as error:
            raise DocumentRefused(
                "unreadable", f"After line {rows.line_num + skipped}: bytes that are no {layout.encoding}."
            ) from error


@contextmanager
def _text(body: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The file as text from its beginning; it stays open, to be read again."""
    body.seek(0)
    text = io.TextIOWrapper(body, encoding, errors="strict", newline="")
    try:
        yield text
    finally:
        if not body.closed:
            text.detach()


def _encoding(body: BinaryIO) -> str:
    """Python's name of it; `DocumentRefused` where it cannot be told, a value read wrongly is wrong for good."""
    body.seek(0)
    piece = body.read(PIECE)
    for mark, encoding in MARKED:
        if piece.startswith(mark):
            return encoding
    if b"\0" in piece and (wide := unmarked_utf(piece)):
        return wide
    line = _first_line_that_is_not_utf8(body)
    if line is None:
        return "utf-8"
    body.seek(0)
    whole = body.read()
    if is_utf8_with_faults(whole):
        raise DocumentRefused("unreadable", f"Line {line}: bytes that are no UTF-8, which the rest of the file is in.")
    likeliest = guess(whole)
    if likeliest is None:
        raise DocumentRefused("unreadable", f"Line {line}: the encoding cannot be told; save the file as UTF-8.")
    return likeliest


def _first_line_that_is_not_utf8(body: BinaryIO) -> int | None:
    body.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for piece in iter(lambda: body.read(PIECE), b""):
        try:
            line += decoder.decode(piece).count("\n")
        except UnicodeDecodeError as error:
            return line + piece.count(b"\n", 0, error.start)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None
