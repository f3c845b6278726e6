"""What a small file must say, in order, and must not."""

from __future__ import annotations

from typing import NamedTuple

from application.ports.documents.extractor import Extracted, PassagePlace

NOTHING: tuple[str, ...] = ()


class Cell(NamedTuple):
    """A file of a kind with a feature; `says` stands in its text in this order, `silent` nowhere."""

    kind: str
    feature: str
    body: bytes
    says: tuple[str, ...]
    silent: tuple[str, ...] = NOTHING
    title: str | None = None
    encoding: str | None = None
    warns: str | None = None
    """Words of a warning; None: there must be none."""
    places: tuple[tuple[str, PassagePlace], ...] = ()
    """Where the passage with a word must say it stands."""


def faults(cell: Cell, read: Extracted) -> list[str]:
    """What is wrong with what was read."""
    found, at = [], 0
    for words in cell.says:
        next_at = read.text.find(words, at)
        if next_at < 0:
            found.append(f"{words!r} is not in {read.text[at:][:300]!r}")
        at = max(at, next_at + len(words))
    found += [f"{words!r} is in {read.text[:300]!r}" for words in cell.silent if words in read.text]
    found += [
        f"{words!r} is said twice"
        for words in cell.says
        if len(words) > 3 and read.text.count(words) > cell.says.count(words)
    ]
    if cell.title is not None and read.title != cell.title:
        found.append(f"the title is {read.title!r}")
    if cell.encoding is not None and read.encoding != cell.encoding:
        found.append(f"the encoding is {read.encoding!r}")
    if (cell.warns is None and read.warnings) or (cell.warns and not any(cell.warns in one for one in read.warnings)):
        found.append(f"the warnings are {read.warnings}")
    for words, place in cell.places:
        places = [at for (start, end), at in zip(read.spans, read.places, strict=True) if words in read.text[start:end]]
        if place not in places:
            found.append(f"{words!r} stands at {places}")
    return found
