"""Parquet to typed rows, a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

from arro3.core import DataType, RecordBatchReader
from arro3.io import read_parquet as read

from adapters.tabular.columns import column_names, timestamp
from application.ports.tools.tables import Row
from domain.refusals import DocumentRefused
from domain.tenant.events import Column

MOST_COLUMNS = 500


def read_parquet(body: BinaryIO) -> tuple[list[Column], Iterator[Row]]:
    """The columns of a flat table, and its rows. DocumentRefused when it is damaged or a column is no plain value; what
    the library raises besides is for the caller to take as damage, since it also panics."""
    body.seek(0)
    reader = read(body)
    fields = [reader.schema.field(place) for place in range(len(reader.schema))]
    if not 0 < len(fields) <= MOST_COLUMNS:
        raise DocumentRefused("unreadable", f"The table has no columns, or more than {MOST_COLUMNS}.")
    kinds = [_kind(field.name, field.type) for field in fields]
    return list(map(Column, column_names([field.name for field in fields]), kinds)), _rows(reader, kinds)


def _rows(reader: RecordBatchReader, kinds: list[str]) -> Iterator[Row]:
    for batch in reader:
        values = [batch.column(place).to_pylist() for place in range(len(kinds))]
        columns = [
            [None if value is None else AS_TEXT[kind](value) for value in column]
            for column, kind in zip(values, kinds, strict=True)
        ]
        yield from map(list, zip(*columns, strict=True))


def _kind(name: str, of: DataType) -> str:
    plain = of.value_type if DataType.is_dictionary(of) and of.value_type is not None else of
    for kind, tests in KINDS.items():
        if any(test(plain) for test in tests):
            return kind
    raise DocumentRefused("unreadable", f"Column {name[:80]!r}: only plain values can be held.")


KINDS: dict[str, tuple[Callable[[DataType], bool], ...]] = {
    "boolean": (DataType.is_boolean,),
    "integer": (
        DataType.is_int8, DataType.is_int16, DataType.is_int32, DataType.is_int64, DataType.is_uint8,
        DataType.is_uint16, DataType.is_uint32,
    ),
    "number": (DataType.is_uint64, DataType.is_floating, DataType.is_decimal),
    "date": (DataType.is_date,),
    "timestamp": (DataType.is_timestamp,),
    "text": (
        DataType.is_string, DataType.is_large_string, DataType.is_string_view, DataType.is_null, DataType.is_time,
    ),
}  # fmt: skip


def _number(value: Any) -> str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else str(value)


def _date(value: date) -> str:
    return (value.date() if isinstance(value, datetime) else value).isoformat()


AS_TEXT: dict[str, Callable[[Any], str | None]] = {
    "boolean": lambda value: "true" if value else "false",
    "integer": str,
    "number": _number,
    "date": _date,
    "timestamp": timestamp,
    "text": lambda value: str(value).replace("\0", ""),
}
