"""Tables to text: a line a row, each value beside its column's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from adapters.charsets.csv_rows import header_of
from adapters.extract.draft import Draft

LOOKED_AT = 50
"""Rows at a table's beginning that tell where its header is."""
VALUE = re.compile(r"[-+]?[\d.,' ]*\d\s?%?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T]\d\d?:\d\d.*)?")
"""A number, or a day."""
YEARS = range(1900, 2101)

Numbered = tuple[int, Sequence[str]]


def add_table(draft: Draft, rows: Iterable[Numbered]) -> None:
    """Add rows by their numbers: those above the header as they are, those below it as `name: value; name: value`."""
    draft.table()
    filled = ((number, [" ".join(cell.split()) for cell in row]) for number, row in rows if any(map(str.strip, row)))
    beginning = list(islice(filled, LOOKED_AT))
    header_at = header_of([row for _, row in beginning])
    for number, row in beginning[:header_at]:
        _say(draft, number, " | ".join(filter(None, row)))
    records = chain(beginning[header_at + 1 :], filled)
    header_number, header = beginning[header_at] if beginning else (0, [])
    if not _is_header(header, [row for _, row in beginning[header_at + 1 :]]):
        header, records = [], chain(beginning[header_at:], filled)
    first = next(records, None)
    if first is None:
        _say(draft, header_number, "; ".join(filter(None, header)))
        return
    beside = chain(beginning[header_at + 1 :], () if len(beginning) < LOOKED_AT else [(0, header)])
    filled_in = {place for _, row in beside for place, value in enumerate(row) if value}
    alone = [name for place, name in enumerate(header) if name and place not in filled_in]
    if alone:  # names of columns that hold nothing would be said beside nothing
        _say(draft, header_number, "; ".join(alone))
    for number, row in chain([first], records):
        _say(draft, number, _line(header, row))


def _is_header(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """No row is one that has a number or a day where all below it have one; but years, and 1, 2, 3, name columns."""
    plain = [int(name) for name in header if name.isdecimal()]
    if plain and (all(year in YEARS for year in plain) or plain == list(range(plain[0], plain[0] + len(plain)))):
        return len(plain) > 1 or len(header) == 1 or not _alike(header, rows)
    return not _alike(header, rows)


def _alike(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    for place, name in enumerate(header):
        below = [row[place] for row in rows if place < len(row) and row[place]]
        if VALUE.fullmatch(name) and len(below) > 1 and all(map(VALUE.fullmatch, below)):
            return True
    return False


def _line(header: Sequence[str], row: Sequence[str]) -> str:
    return "; ".join(_pairs(header, row))


def _pairs(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    for place, value in enumerate(row):
        name = header[place] if place < len(header) else ""
        if value:
            yield f"{name}: {value}" if name else value


def _say(draft: Draft, number: int, line: str) -> None:
    draft.row(number)
    draft.add(line, "\n")
