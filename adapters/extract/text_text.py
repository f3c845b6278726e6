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
ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
NO_PARAGRAPH = re.compile(r"(?: {4}|\t| {0,3}(?:[-*+>|]|\d+[.)])(?:\s|\Z)|\s*\Z)")
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
        elif (found := ATX.match(bare)) and (found[2] or "").strip():
            yield at, len(found[1]), found[2].strip()
            before = ""
        elif before and (under := SETEXT.match(bare)):
            yield before_at, 1 if under[1][0] == "=" else 2, before.strip()
            before = ""
        else:
            before, before_at = ("" if NO_PARAGRAPH.match(bare) else bare), at
        at += len(line)


def _draft(body: bytes, *, markdown: bool) -> tuple[Draft, str]:
    decoded = decode(body)
    draft = Draft(encoding=decoded.encoding, markdown=markdown)
    if decoded.damaged:
        draft.warn(f"{decoded.damaged} bytes stood for no character.")
    return draft, clean(decoded.text)
