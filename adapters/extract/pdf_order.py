"""The text of a PDF's page in the order in which it is read, where PDFium gives the order in which it was drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import pypdfium2

BREAK = "\r\n"
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")
CLOSE, TOUCHING = 1.2, 0.15
"""Parts of a letter's height: how far apart two letters of a line stand when nothing is between them
but a blank, or nothing at all."""
MOST_BREAKS, MOST_PARTS = 2_000, 4_000
COLUMN_LINES, COLUMN_WORDS = 6, 3.5
"""Two columns of prose are so many lines side by side, of so many words each; a table's cells say less."""
GUTTER = 9.0
"""Points between columns at least."""


class PageRect(NamedTuple):
    """A piece of a line, as PDFium finds them, in the order in which they were drawn."""

    left: float
    bottom: float
    right: float
    top: float


def text_in_order(page: pypdfium2.PdfTextPage) -> str:
    """What a page says: columns one after the other, raised and lowered letters on the line where they stand, words
    of scripts that run to the left from their first letter on."""
    text: str = page.get_text_range()
    parts = [PageRect(*page.get_rect(place)) for place in range(min(page.count_rects(), MOST_PARTS))]
    if (columns := _columns(parts)) is not None:
        return _by_columns(page, parts, *columns)
    if len(text) != page.count_chars():
        return text  # letters cannot be told by their number
    return _joined(page, _from_first_letters(page, text))


def _joined(page: pypdfium2.PdfTextPage, text: str) -> str:
    """Without line ends in the middle of a line, as PDFium makes them behind a letter that is raised or lowered."""
    pieces = text.split(BREAK)
    if len(pieces) > MOST_BREAKS:
        return text
    joined, at = [pieces[0]], 0
    for before, after in pairwise(pieces):
        at += len(before)
        joined += (_between(page, text, at, before, after), after)
        at += len(BREAK)
    return "".join(joined)


def _between(page: pypdfium2.PdfTextPage, text: str, at: int, before: str, after: str) -> str:
    """What belongs where a line end stands, `at`."""
    if not before.strip() or not after.strip():
        return BREAK
    last = PageRect(*page.get_charbox(at - 1 - (len(before) - len(before.rstrip()))))
    first = PageRect(*page.get_charbox(at + len(BREAK) + len(after) - len(after.lstrip())))
    height = min(last.top - last.bottom, first.top - first.bottom)
    shared = min(last.top, first.top) - max(last.bottom, first.bottom)
    apart = first.left - last.right
    highest = max(last.top - last.bottom, first.top - first.bottom)
    if height <= 0 or shared <= 0 or not -TOUCHING * highest <= apart < CLOSE * highest:
        return BREAK
    spaced = before[-1:].isspace() or after[:1].isspace()
    return "" if spaced or apart < TOUCHING * highest else " "


def _from_first_letters(page: pypdfium2.PdfTextPage, text: str) -> str:
    """Words whose letters were drawn from the left, though they are read from the right."""

    def turned(word: re.Match[str]) -> str:
        lefts = [page.get_charbox(place)[0] for place in range(*word.span())]
        return word[0][::-1] if all(one < next for one, next in pairwise(lefts)) else word[0]

    return RIGHT_TO_LEFT.sub(turned, text)


def _columns(parts: Sequence[PageRect]) -> tuple[float, float, float] | None:
    """The gutter of two columns that were drawn line by line, with the top and bottom of what stands beside it."""
    lines = _lines(parts)
    pairs = [line for line in lines if len(line) == 2 and line[1].left - line[0].right >= GUTTER]
    if len(pairs) < COLUMN_LINES:
        return None
    left_end, right_start = max(line[0].right for line in pairs), min(line[1].left for line in pairs)
    if right_start - left_end < GUTTER:
        return None
    top, bottom = max(part.top for line in pairs for part in line), min(part.bottom for line in pairs for part in line)
    within = [line for line in lines if bottom <= (line[0].top + line[0].bottom) / 2 <= top]
    if len(within) > len(pairs) * 1.5 or not _drawn_by_lines(parts, pairs, (left_end + right_start) / 2):
        return None
    return (left_end + right_start) / 2, top, bottom


def _drawn_by_lines(parts: Sequence[PageRect], pairs: Sequence[Sequence[PageRect]], gutter: float) -> bool:
    """Whether the pieces of both columns take turns; where each column was drawn by itself, all is well."""
    beside = {part for line in pairs for part in line}
    sides = [part.left > gutter for part in parts if part in beside]
    return sum(one != next for one, next in pairwise(sides)) > len(pairs)


def _lines(parts: Sequence[PageRect]) -> list[list[PageRect]]:
    """Pieces by lines, from the left; those that touch are one."""
    lines: list[list[PageRect]] = []
    for part in sorted(parts, key=lambda part: (-(part.top + part.bottom), part.left)):
        middle = (part.top + part.bottom) / 2
        if lines and lines[-1][0].bottom <= middle <= lines[-1][0].top:
            lines[-1].append(part)
        else:
            lines.append([part])
    return [_merged(sorted(line)) for line in lines]


def _merged(line: Sequence[PageRect]) -> list[PageRect]:
    merged = [line[0]]
    for part in line[1:]:
        last = merged[-1]
        if part.left - last.right < GUTTER:
            merged[-1] = PageRect(
                last.left, min(last.bottom, part.bottom), max(last.right, part.right), max(last.top, part.top)
            )
        else:
            merged.append(part)
    return merged


def _by_columns(
    page: pypdfium2.PdfTextPage, parts: Sequence[PageRect], gutter: float, top: float, bottom: float
) -> str:
    """What stands above, the left column, the right one, what stands below; all as it is where the columns say too
    little to be prose."""
    far = 1e5
    left = page.get_text_bounded(-far, bottom, gutter, top)
    right = page.get_text_bounded(gutter, bottom, far, top)
    if any(len(column.split()) < COLUMN_WORDS * len(column.split(BREAK)) for column in (left, right)):
        return str(page.get_text_range())
    above = page.get_text_bounded(-far, top, far, far)
    below = page.get_text_bounded(-far, -far, far, bottom)
    return BREAK.join(filter(None, (above.strip(), left.strip(), right.strip(), below.strip())))
