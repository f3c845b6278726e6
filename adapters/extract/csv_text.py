"""CSV to text: a line a row, each value beside its column's name, so that a row can be found and quoted."""

from __future__ import annotations

from adapters.charsets.csv_rows import rows_of
from adapters.charsets.decoding import decode
from adapters.extract.draft import Draft
from adapters.extract.table_text import add_table
from domain.refusals import DocumentRefused


def read_csv(body: bytes) -> Draft:
    """Rows as `header: value; header: value`, numbered as they stand in the file."""
    decoded = decode(body)
    draft = Draft.of(decoded)
    try:
        add_table(draft, enumerate(rows_of(decoded.text), 1))
    except ValueError as error:
        raise DocumentRefused("unreadable", "The table is damaged.") from error
    return draft
