"""What a benchmark found as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


def table(rows: Sequence[Any]) -> str:
    """Structs as an aligned table, one a line."""
    dicts = [msgspec.structs.asdict(row) for row in rows]
    heads = list(dicts[0])
    cells = [
        heads,
        *([f"{value:,}" if isinstance(value, float | int) else str(value) for value in d.values()] for d in dicts),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
