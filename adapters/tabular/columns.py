"""Names of columns that SQL can say, and the narrowest type that fits all of a column's texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from application.normal_form import normal

LONGEST_NAME = 60
SYSTEM = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)
# A number as it is written to be reckoned with: 007 and 1,000 are text.
NUMBER = re.compile(r"[+-]?(?=[.]?\d)(?:0|[1-9]\d{0,30})?(?:[.]\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
NOT_OF_A_NAME = re.compile(r"[^a-z0-9]+")
FRACTION = re.compile(r"([.]\d{6})\d++")
BOOLEAN = re.compile(r"true|false|yes|no", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
WIDER = {"boolean": "text", "integer": "number", "number": "text", "date": "timestamp", "timestamp": "text"}
FIRST = ("integer", "number", "boolean", "date", "timestamp")


def column_names(header: Sequence[str]) -> list[str]:
    """Small letters, digits and underscores, a letter first, each name once: `Order ID` is `order_id`."""
    names: list[str] = []
    for number, text in enumerate(header, 1):
        plain = normal("NFKD", text).encode("ascii", "ignore").decode().lower()
        name = NOT_OF_A_NAME.sub("_", plain).strip("_")[:LONGEST_NAME] or f"column_{number}"
        name = f"column_{name}" if name[0].isdigit() else name
        if name in SYSTEM:
            name += "_"
        taken, again = name, 1
        while name in names:
            again += 1
            name = f"{taken}_{again}"
        names.append(name)
    return names


def fits(text: str, kind: str) -> bool:
    """Whether a text is a value of that type."""
    match kind:
        case "integer":
            return INTEGER.fullmatch(text) is not None
        case "number":
            return NUMBER.fullmatch(text) is not None
        case "boolean":
            return BOOLEAN.fullmatch(text) is not None
        case "date":
            return DATE.fullmatch(text) is not None and _is_time(text)
        case "timestamp":
            return (DATE.fullmatch(text) or TIME.fullmatch(text)) is not None and _is_time(text)
        case _:
            return True


def narrowest(kinds: list[str], row: Iterable[str]) -> None:
    """Widen the columns' types, in place, as far as this row needs it; `` is the type of a column without values."""
    for place, text in enumerate(row):
        kind = kinds[place]
        if kind == "text" or not (text := text.strip()):
            continue
        if not kind:
            kind = next((one for one in FIRST if fits(text, one)), "text")
        while not fits(text, kind):
            kind = WIDER[kind]
        kinds[place] = kind


def canonical(text: str, kind: str) -> str | None:
    """A text as its type has it (see `application.ports.tools.tables.Table`); None for an empty one."""
    if kind == "text":
        return text or None
    text = text.strip()
    if not text:
        return None
    if kind == "boolean":
        return "true" if text.lower() in ("true", "yes") else "false"
    if kind == "timestamp":
        return timestamp(datetime.fromisoformat(_padded(text)))
    return text


def timestamp(at: datetime) -> str:
    """In UTC, without saying so; a time without a zone is taken for UTC."""
    return (at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at).isoformat()


def _is_time(text: str) -> bool:
    try:
        date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(_padded(text))
    except (ValueError, OverflowError):
        return False
    return True


def _padded(text: str) -> str:
    """Python takes no more than six digits of a second."""
    return FRACTION.sub(r"\1", text)
