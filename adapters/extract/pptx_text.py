"""PowerPoint to text, a slide at a time: what stands on it in order, then its notes and comments."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from adapters.extract.archive import check_archive
from adapters.extract.draft import Draft
from adapters.extract.drawings import Drawings, drawn_line
from adapters.extract.kinds import OLE_MAGIC
from adapters.extract.opc import BROKEN, Package, attribute, child, descendants, tag
from adapters.extract.word_lines import branch
from domain.refusals import DocumentRefused

TITLES = frozenset(("title", "ctrTitle"))
NUMBERS = frozenset(("sldNum", "dt", "sldImg"))
"""Placeholders that say nothing of the slide: its number, today's date, its picture."""


def read_pptx(body: bytes) -> Draft:
    """Slides in the order in which they are shown, hidden ones too."""
    if body.startswith(OLE_MAGIC):
        raise DocumentRefused("password_protected", "The presentation asks for a password.")
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive)
            return _read(Package(archive))
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The presentation is damaged.") from error


def _read(package: Package) -> Draft:
    package.note_links()
    whole = package.relations("").values()
    main = next((one.target for one in whole if one.type == "officeDocument"), "ppt/presentation.xml")
    root = package.root(main, "The presentation")
    if root is None:
        raise DocumentRefused("unreadable", "The presentation is damaged.")
    relations = package.relations(main)
    draft = Draft()
    draft.title = package.title()
    for number, slide in enumerate(descendants(root, "p:sldId"), 1):
        ids = [value for key, value in slide.attrib.items() if key.endswith("}id")]
        relation = relations.get(ids[0]) if ids else None
        if relation:
            draft.page(number)
            _slide(draft, package, relation.target, number)
    draft.warn(*package.warnings)
    return draft


def _slide(draft: Draft, package: Package, part: str, number: int) -> None:
    root = package.root(part, f"Slide {number}")
    relations = package.relations(part)
    shapes = child(root, "p:cSld", "p:spTree")
    if shapes is None:
        return
    for text, title in _shapes(shapes, Drawings(package, relations)):
        if title:
            draft.heading(text)
        draft.add(text)
    for one in relations.values():
        if one.type == "notesSlide":
            notes = child(package.root(one.target, f"The notes of slide {number}"), "p:cSld", "p:spTree")
            lines = _shapes(notes, Drawings(package, {})) if notes is not None else ()
            draft.add("\n".join(f"Notes: {text}" for text, _ in lines))
        elif one.type == "comments":
            comments = package.root(one.target, f"The comments on slide {number}")
            for text in _comments(comments) if comments is not None else ():
                draft.add(f"Comment: {text}")


def _shapes(parent: Any, drawings: Drawings) -> Iterator[tuple[str, bool]]:
    """Text of each shape, and whether it is the slide's title."""
    for one in parent:
        name = tag(one)
        if name == "mc:AlternateContent":
            yield from _shapes(branch(one), drawings)
        elif name == "p:grpSp":
            yield from _shapes(one, drawings)
        elif name == "p:graphicFrame":
            yield from ((text, False) for text in _frame(one, drawings) if text)
        elif name in ("p:sp", "p:cxnSp", "p:pic"):
            kind = _placeholder(one)
            text = "\n".join(filter(None, map(drawn_line, descendants(one, "a:p"))))
            if text and kind not in NUMBERS:
                yield text, kind in TITLES


def _frame(frame: Any, drawings: Drawings) -> Iterator[str]:
    """A table, a line a row, or a chart or diagram."""
    table = next(descendants(frame, "a:tbl"), None)
    if table is None:
        yield from (said for said in drawings.read(frame) if isinstance(said, str))
        return
    rows = []
    for row in descendants(table, "a:tr"):
        cells = (" ".join(map(drawn_line, descendants(cell, "a:p"))) for cell in row if tag(cell) == "a:tc")
        rows.append(" | ".join(" ".join(cell.split()) for cell in cells))
    yield "\n".join(row for row in rows if row.strip(" |"))


def _placeholder(shape: Any) -> str:
    found = next(descendants(shape, "p:ph"), None)
    return attribute(found, "type") if found is not None else ""


def _comments(root: Any) -> Iterator[str]:
    """Of the old kind and of the new."""
    for one in descendants(root, "p:text"):
        yield one.text or ""
    for one in descendants(root, "p188:txBody"):
        yield " ".join(map(drawn_line, descendants(one, "a:p")))
