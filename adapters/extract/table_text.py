"""Tables to text: a line a row, each value beside its column's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from adapters.charsets.csv_rows import header_of
from adapters.extract.draft import Draft

LOOKED_AT = 50
"""Rows at a table's beginning that tell where its header is."""

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
    first = next(records, None)
    if first is None:
        _say(draft, header_number, "; ".join(filter(None, header)))
        return
    for number, row in chain([first], records):
        _say(draft, number, _line(header, row))


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
