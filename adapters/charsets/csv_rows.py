"""Which delimiter and quoting a CSV file was written with: those by which its rows are alike."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import NamedTuple, Protocol

DELIMITERS = ",;\t|"
MAX_FIELD = 1_000_000
SAMPLE_ROWS = 200
SAMPLE = 256 * 1024
STATED = re.compile(r"\A\s*\"?sep=(.)\"?[ \t,;]*(?:\r\n|\r|\n|\Z)", re.I)
"""The line by which spreadsheets are told of it."""


class Form(NamedTuple):
    """How a file was written. `skip` characters of its beginning are no table."""

    delimiter: str
    escape: str | None = None
    skip: int = 0
    spaced: bool = False
    """Whether a blank after a delimiter is none of the value, whose quotation marks would else be its letters."""


class CountedRows(Protocol):
    """Rows, and the line that the last one ended on."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def form_of(beginning: str, *, whole: bool = True) -> Form:
    """Told by a file's beginning (up to `SAMPLE` characters are looked at)."""
    stated = STATED.match(beginning)
    skip = stated.end() if stated else 0
    sample = beginning[skip : skip + SAMPLE]
    cut = not whole or len(beginning) > skip + SAMPLE
    delimiters = stated[1] if stated else DELIMITERS
    escapes = (None, "\\") if '\\"' in sample else (None,)
    forms = [
        Form(delimiter, escape, skip, spaced)
        for delimiter in delimiters
        for escape in escapes
        for spaced in ((False, True) if f'{delimiter} "' in sample else (False,))
    ]
    return max(forms, key=lambda form: _likeness(sample, form, cut=cut))


def rows_of(text: str) -> Iterator[list[str]]:
    """All rows of a file, empty ones too. ValueError when one is damaged."""
    csv.field_size_limit(MAX_FIELD)
    form = form_of(text)
    try:
        yield from reader(StringIO(text[form.skip :], newline=""), form)
    except csv.Error as error:
        raise ValueError(str(error)) from error


def reader(lines: Iterable[str], form: Form, *, strict: bool = False) -> CountedRows:
    """Rows of lines that were written in a form."""
    return csv.reader(
        lines,
        delimiter=form.delimiter,
        escapechar=form.escape,
        doublequote=form.escape is None,
        skipinitialspace=form.spaced,
        strict=strict,
    )


def header_of(rows: Sequence[Sequence[str]]) -> int:
    """Which of a table's first rows names its columns: the first that is as full as those below it usually are; a title
    above it fills one cell."""
    counts = [sum(1 for cell in row if cell.strip()) for row in rows]
    if len(counts) < 2:
        return 0
    usual = sorted(counts)[len(counts) // 2]
    for place, count in enumerate(counts[:-1]):
        if count > 1 and 2 * count > usual:
            return place
        if count > 1 or usual <= 1:
            return 0
    return 0


def _likeness(sample: str, form: Form, *, cut: bool) -> tuple[float, int]:
    """How many rows have as many cells as most have, and how many those are; a table has two columns at least."""
    widths: list[int] = []
    faults = 0
    try:
        for row in reader(StringIO(sample, newline=""), form):
            widths += [len(row)] if row else []
            faults += sum('\\"' in cell or ('"' in cell.strip('"') and cell.count('"') % 2) for cell in row)
            faults += sum(cell.startswith(' "') for cell in row)
            if len(widths) > SAMPLE_ROWS:
                break
        else:
            widths = widths[:-1] if cut and len(widths) > 1 else widths
    except csv.Error:
        return (0.0, 0)
    if not widths:
        return (0.0, 0)
    width, count = max(Counter(widths).items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
    alike = count / len(widths) if width > 1 else 0.0
    return (round(alike, 2) - faults / len(widths), width)
