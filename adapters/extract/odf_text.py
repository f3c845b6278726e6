"""OpenDocument (ISO 26300) to text: writing, tables and slides, without what was deleted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from adapters.extract.archive import check_archive
from adapters.extract.draft import Draft
from adapters.extract.opc import BROKEN, Package, attribute, child, descendants, tag
from adapters.extract.table_text import add_table
from domain.refusals import DocumentRefused

GONE = frozenset(
    ("text:tracked-changes", "text:sequence-decls", "text:variable-decls", "office:forms", "text:ruby-text", "svg:desc",
     "svg:title", "text:user-field-decls", "office:event-listeners")
)  # fmt: skip
WHITE = {"text:tab": "\t", "text:line-break": "\n"}
NOTES = {"footnote": "Footnote", "endnote": "Endnote"}
BLOCKS = frozenset(("text:p", "text:h", "table:table", "text:list", "draw:frame", "draw:text-box", "text:section"))
MOST_REPEATED = 1_000
"""Columns and rows that repeat each other: empty ones reach to the end of the sheet."""
LONGEST_BLANK = 1_000


def read_odf(body: bytes) -> Draft:
    """A text (odt), a workbook (ods) or slides (odp)."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive)
            package = Package(archive)
            return _read(package)
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The document is damaged.") from error


def _read(package: Package) -> Draft:
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise DocumentRefused("password_protected", "The document asks for a password.")
    root = package.root("content.xml", "The document's text")
    inside = child(root, "office:body")
    if inside is None or not len(inside):
        raise DocumentRefused("unreadable", "The document is damaged.")
    draft = Draft()
    meta = package.root("meta.xml")
    titles = descendants(meta, "dc:title") if meta is not None else ()
    draft.title = next(("".join(one.itertext()) for one in titles), "")
    kind = tag(inside[0])
    if kind == "office:spreadsheet":
        _sheets(draft, inside[0])
    elif kind == "office:presentation":
        _slides(draft, inside[0])
    else:
        styles = package.root("styles.xml")
        _text(draft, inside[0], styles)
    draft.warn(*package.warnings)
    return draft


def _text(draft: Draft, body: Any, styles: Any | None) -> None:
    story = _Story()
    edges = {
        name: list(descendants(styles, f"style:{name}")) if styles is not None else [] for name in ("header", "footer")
    }
    for parts in (edges["header"], [body], edges["footer"]):
        said = set()
        for part in parts:
            for text, heading in story.blocks(part):
                if part is body or text not in said:
                    said.add(text)
                    if heading:
                        draft.heading(text)
                    draft.add(text)


def _sheets(draft: Draft, body: Any) -> None:
    story = _Story()
    for sheet in (one for one in body if tag(one) == "table:table"):
        draft.cut()
        name = attribute(sheet, "name")
        draft.heading(name)
        draft.add(name, "\n")
        draft.cut()  # of a passage of rows each line is one
        add_table(draft, _numbered(sheet, story))
        for shapes in (one for one in sheet if tag(one) == "table:shapes"):
            for text, _ in story.blocks(shapes):
                draft.add(text)


def _slides(draft: Draft, body: Any) -> None:
    story = _Story()
    for number, page in enumerate((one for one in body if tag(one) == "draw:page"), 1):
        draft.page(number)
        notes = child(page, "presentation:notes")
        for part in (one for one in page if one is not notes):
            title = attribute(part, "class") in ("title", "subtitle")
            for text, heading in story.blocks([part]):
                if heading or title:
                    draft.heading(text)
                draft.add(text)
        for text, _ in story.blocks(notes) if notes is not None else ():
            draft.add(f"Notes: {text}")


def _numbered(sheet: Any, story: _Story) -> Iterator[tuple[int, list[str]]]:
    number = 1
    for row in descendants(sheet, "table:table-row"):
        again = _repeated(row, "number-rows-repeated")
        cells: list[str] = []
        for cell in (one for one in row if tag(one) in ("table:table-cell", "table:covered-table-cell")):
            text = " ".join(said for said, _ in story.blocks(cell))
            cells += [text] * min(_repeated(cell, "number-columns-repeated"), MOST_REPEATED)
        if any(cells):
            for place in range(min(again, MOST_REPEATED)):
                yield number + place, cells
        number += again


def _repeated(element: Any, name: str) -> int:
    value = attribute(element, name)
    return max(1, int(value)) if value.isdigit() else 1


class _Story:
    """Blocks of a part, with its notes after the paragraph that they belong to."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(NOTES, 0)

    def blocks(self, parent: Any) -> Iterator[tuple[str, bool]]:
        for one in parent:
            name = tag(one)
            if name in ("text:p", "text:h"):
                after: list[tuple[str, bool]] = []
                text = self._line(one, after).strip()
                if text:
                    yield text, name == "text:h"
                yield from after
            elif name == "table:table":
                yield "\n".join(self._rows(one)), False
            elif name == "office:annotation":
                yield from self._comment(one)
            elif name not in GONE:
                yield from self.blocks(one)

    def _rows(self, table: Any) -> Iterator[str]:
        for row in table:
            if tag(row) == "table:table-row":
                cells = (one for one in row if tag(one) == "table:table-cell")
                line = " | ".join(" ".join(" ".join(text for text, _ in self.blocks(cell)).split()) for cell in cells)
                if line.strip(" |"):
                    yield line
            elif tag(row) in ("table:table-header-rows", "table:table-rows", "table:table-row-group"):
                yield from self._rows(row)

    def _line(self, element: Any, after: list[tuple[str, bool]]) -> str:
        pieces = [element.text or ""]
        for one in element:
            pieces += (self._inline(one, after), one.tail or "")
        return "".join(pieces)

    def _inline(self, one: Any, after: list[tuple[str, bool]]) -> str:
        name = tag(one)
        if name == "text:s":
            return " " * min(_repeated(one, "c"), LONGEST_BLANK)
        if name in WHITE:
            return WHITE[name]
        if name == "text:note":
            after += self._note(one)
        elif name == "office:annotation":
            after += self._comment(one)
        elif name == "text:ruby":
            reading = next(descendants(one, "text:ruby-text"), None)
            return self._line(one, after) + (f"({self._line(reading, after)})" if reading is not None else "")
        elif name in BLOCKS:
            after += self.blocks([one])
        elif name not in GONE:
            return self._line(one, after)
        return ""

    def _note(self, note: Any) -> list[tuple[str, bool]]:
        kind = attribute(note, "note-class")
        body = child(note, "text:note-body")
        text = " ".join(said for said, _ in self.blocks(body)) if body is not None else ""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return [(f"{NOTES.get(kind, 'Note')} {self._numbers[kind]}: {text}", False)] if text else []

    def _comment(self, comment: Any) -> list[tuple[str, bool]]:
        author = child(comment, "dc:creator")
        text = " ".join(said for said, _ in self.blocks([one for one in comment if tag(one) in BLOCKS]))
        by = f" by {author.text}" if author is not None and author.text else ""
        return [(f"Comment{by}: {text}", False)] if text else []
