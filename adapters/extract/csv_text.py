"""Tables to text: a line a row, each value beside its column's name, so that a row can be found and quoted."""

from __future__ import annotations

import csv
from io import StringIO

from adapters.extract.decoding import decode
from domain.refusals import DocumentRefused

MAX_FIELD = 1_000_000
DELIMITERS = ",;\t|"


def read_csv(body: bytes) -> str:
    """Rows as `header: value; header: value`. The first row is the header."""
    source = decode(body)
    csv.field_size_limit(MAX_FIELD)
    try:
        rows = [row for row in csv.reader(StringIO(source), delimiter=_delimiter(source)) if any(row)]
    except csv.Error as error:
        raise DocumentRefused("unreadable", "The table is damaged.") from error
    if not rows:
        return ""
    header, *records = [[" ".join(cell.split()) for cell in row] for row in rows]
    if not records:
        return "; ".join(header)
    return "\n".join(_line(header, record) for record in records)


def _delimiter(source: str) -> str:
    """The candidate that the first line holds most of."""
    first = source.lstrip().split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def _line(header: list[str], record: list[str]) -> str:
    names = header + [""] * (len(record) - len(header))
    return "; ".join(f"{name}: {value}" if name else value for name, value in zip(names, record, strict=False) if value)
