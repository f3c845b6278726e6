"""What goes into a question and what comes out: JSON values as parameters, rows as JSON, and how large they may be."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from application.ports.tools.datasets import QueryFailed, Rows

MAX_ROWS = 200
MAX_ROW_BYTES = 16_384
MAX_BYTES = 32_768
"""Of a result, as JSON; a model reads it all."""
PARAMETER_BYTES = 2_000
LIST_BYTES = 32_000
"""Of a text, and of a list, that a model gives for a parameter: what a statement costs is counted with them."""
MAX_DIGITS = 300


def within_limits(lines: list[str | None]) -> Rows:
    """As many rows as fit."""
    kept: list[str] = []
    size = 0
    for line in lines[:MAX_ROWS]:
        if line is None:
            raise QueryFailed(f"A row of the result is larger than {MAX_ROW_BYTES} bytes.")
        size += len(line.encode())
        if size > MAX_BYTES:
            break
        kept.append(line)
    return Rows(tuple(kept), truncated=len(kept) < len(lines))


def as_parameter(value: Any, kind: str) -> Any:
    """A JSON value as the database takes it for that type: decimals exactly as they were written. QueryFailed when it
    is too large."""
    if value is None:
        return None
    if kind.endswith("[]"):
        return _list(value if isinstance(value, list) else [value], kind.removesuffix("[]"))
    if kind == "text":
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text.encode()) > PARAMETER_BYTES:
            raise QueryFailed(f"A text for the query is longer than {PARAMETER_BYTES} bytes.")
        return text
    if isinstance(value, float):
        return int(value) if kind == "integer" and value.is_integer() else Decimal(repr(value))
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        raise QueryFailed(f"A number for the query has more than {MAX_DIGITS} digits.")
    return value


def _list(values: list[Any], kind: str) -> list[Any]:
    found = [as_parameter(value, kind) for value in values]
    if sum(len(str(value).encode()) for value in found) > LIST_BYTES:
        raise QueryFailed(f"A list for the query is longer than {LIST_BYTES} bytes.")
    return found
