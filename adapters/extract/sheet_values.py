"""Numbers of a sheet as they are shown: dates, times and percentages by the cell's format, others as they are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from adapters.extract.opc import attribute, child, tag

DATES = frozenset((14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)))
TIMES = frozenset((18, 19, 20, 21, 45, 47))
LASTING_HOURS = 46
PERCENTS = {9: 0, 10: 2}
"""Formats that have no text of their own (ECMA-376, part 1, 18.8.30)."""
QUOTED = re.compile(r'"[^"]{0,99}"|\\.|\[[^\]]{0,99}\]|_.|\*.')
QUOTED_WORDS = re.compile(r'"[^"]{0,99}"|\\.')
DAY_OR_MONTH, DAY, CLOCK = re.compile("[ymd]"), re.compile("[yd]"), re.compile("[hs]")
LASTING = re.compile(r"\[(h+|m+|s+)\]", re.I)
ZEROS = re.compile(r"0{2,}")
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet's times have no zone
LAST_DAY = 2_958_465
OFF = ("0", "false", "")


class Formats:
    """Of a workbook: what kind of number each style of a cell shows."""

    def __init__(self, styles: Any | None, workbook: Any | None) -> None:
        own = {int(attribute(one, "numFmtId") or 0): attribute(one, "formatCode") for one in _of(styles, "x:numFmts")}
        self._styles = [int(attribute(one, "numFmtId") or 0) for one in _of(styles, "x:cellXfs")]
        self._own = own
        properties = child(workbook, "x:workbookPr")
        self.epoch = EPOCH_1904 if _is_1904(properties) else EPOCH

    def kind(self, style: str) -> tuple[str, int]:
        """`date`, `time`, `lasting` (hours and minutes of any number), `percent` with its decimals, or `number` with
        the digits that it has at least."""
        number = self._styles[int(style)] if style.isdigit() and int(style) < len(self._styles) else 0
        if number in self._own:
            return _by_code(self._own[number])
        if number in DATES:
            return "date", 0
        if number == LASTING_HOURS:
            return "lasting", 0
        if number in TIMES:
            return "time", 0
        return ("percent", PERCENTS[number]) if number in PERCENTS else ("number", 0)


def shown(text: str, formats: Formats, style: str) -> str:
    """A number as it stands in a file, as it is shown."""
    try:
        value = float(text)
    except ValueError:
        return text
    kind, decimals = formats.kind(style)
    if kind == "percent":
        return f"{value * 100:.{decimals}f}%"
    if kind == "lasting":
        return _lasting(value)
    if kind in ("date", "time") and 0 <= value <= LAST_DAY:
        return _moment(value, formats.epoch, kind)
    return f"{int(value):0{decimals}d}" if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


def _moment(value: float, epoch: datetime, kind: str) -> str:
    at = epoch + timedelta(seconds=round(value * 86_400))
    if kind == "time" and value < 1:
        return at.strftime("%H:%M:%S" if at.second else "%H:%M")
    day = at.date().isoformat()
    return day if not (at.hour or at.minute or at.second) else f"{day} {at:%H:%M}" + (f":{at:%S}" if at.second else "")


def _lasting(value: float) -> str:
    """Hours, minutes and seconds, of however many days."""
    minutes, seconds = divmod(round(abs(value) * 86_400), 60)
    return f"{'-' if value < 0 else ''}{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _by_code(code: str) -> tuple[str, int]:
    bare = QUOTED.sub("", code.split(";")[0]).lower()
    if LASTING.search(QUOTED_WORDS.sub("", code.split(";")[0])):
        return "lasting", 0
    if ZEROS.fullmatch(bare):  # a postcode, a number of an item
        return "number", len(bare)
    if "%" in bare:
        return "percent", len(bare.partition(".")[2].replace("%", "").strip()) if "." in bare else 0
    if DAY_OR_MONTH.search(bare) and "general" not in bare:
        return ("time", 0) if "h" in bare and not DAY.search(bare) else ("date", 0)
    return ("time", 0) if CLOCK.search(bare) and "general" not in bare else ("number", 0)


def _of(root: Any | None, name: str) -> list[Any]:
    found = child(root, name)
    return [one for one in found if tag(one)] if found is not None else []


def _is_1904(properties: Any | None) -> bool:
    return properties is not None and attribute(properties, "date1904") not in OFF
