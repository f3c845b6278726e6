"""Plain text and Markdown: as it is, with Markdown's title and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.charsets.decoding import decode
from adapters.extract.cleaning import clean
from adapters.extract.draft import Draft

FRONT_MATTER = re.compile(r"\A(?:---[ \t]*\n(.*?)\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(.*?)\n\+\+\+)[ \t]*(?:\n|\Z)", re.S)
FRONT_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+)$", re.M | re.I)
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
LIST_OR_QUOTE = re.compile(r"(?:[-*+|](?:\s|\Z)|>|\d{1,9}[.)](?:\s|\Z))")
INDENT = 3
"""So many blanks before a line leave it what it is; more make it code."""
DEEPEST = 6
LONGEST_FRONT_MATTER = 50_000


def read_text(body: bytes) -> Draft:
    """A text as it is."""
    draft, text = _draft(body, markdown=False)
    draft.add(text, "")
    return draft


def read_markdown(body: bytes) -> Draft:
    """Its title is the front matter's, else its first heading of the first level, else its first heading."""
    draft, text = _draft(body, markdown=True)
    front = (
        FRONT_MATTER.match(text[:LONGEST_FRONT_MATTER].replace("\r\n", "\n")) if text[:3] in ("---", "+++") else None
    )
    stated = FRONT_TITLE.search(front[1] or front[2] or "") if front else None
    title = stated[1].strip().strip("\"'").strip() if stated else ""
    best = 7
    for at, level, heading in headings(text, front.end() if front else 0):
        draft.heading(heading, at)
        if not stated and level < best:
            title, best = heading, level
    draft.title = title
    draft.add(text, "")
    return draft


def headings(text: str, start: int = 0) -> Iterator[tuple[int, int, str]]:
    """Where each heading stands, its level and its words (CommonMark 0.31, 4.2 and 4.3); what looks like one in a block
    of code is none."""
    fence, before, before_at = "", "", 0
    at = start
    for line in text[start:].splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        opening = FENCE.match(bare)
        if fence:
            if opening and opening[1].startswith(fence) and not opening[2].strip():
                fence = ""
            before = ""
        elif opening and not (opening[1][0] == "`" and "`" in opening[2]):
            fence, before = opening[1], ""
        elif found := _marked_heading(bare):
            yield at, *found
            before = ""
        elif before and (level := _underline(bare)):
            yield before_at, level, before.strip()
            before = ""
        else:
            before, before_at = (bare if _in_paragraph(bare) else ""), at
        at += len(line)


def _marked_heading(line: str) -> tuple[int, str] | None:
    """Level and words of `## Words ##`; None of what is none, or is empty."""
    bare = line.lstrip(" ")
    level = len(bare) - len(bare.lstrip("#"))
    if len(line) - len(bare) > INDENT or not 1 <= level <= DEEPEST or bare[level : level + 1] not in (" ", "\t"):
        return None
    words = bare[level:].strip()
    without = words.rstrip("#")
    words = without.rstrip() if without != words and without[-1:] in (" ", "\t", "") else words
    return (level, words) if words else None


def _underline(line: str) -> int:
    """The level of the heading that a line of `=` or of `-` makes of the line above it; 0 of any other line."""
    bare = line.strip()
    if len(line) - len(line.lstrip(" ")) > INDENT:
        return 0
    return {frozenset("="): 1, frozenset("-"): 2}.get(frozenset(bare), 0)


def _in_paragraph(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and not line.startswith(("    ", "\t")) and not LIST_OR_QUOTE.match(bare)


def _draft(body: bytes, *, markdown: bool) -> tuple[Draft, str]:
    decoded = decode(body)
    return Draft.of(decoded, markdown=markdown), clean(decoded.text)
