"""Excel workbooks to text: a line a row, each sheet's values as they are shown, with comments and boxes after them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from adapters.extract.archive import check_archive
from adapters.extract.draft import Draft
from adapters.extract.drawings import Drawings
from adapters.extract.kinds import OLE_MAGIC
from adapters.extract.opc import BROKEN, Package, PartLink, attribute, child, descendants, tag
from adapters.extract.sheet_values import Formats, shown
from adapters.extract.table_text import add_table
from domain.refusals import DocumentRefused

COLUMN = re.compile(r"([A-Z]{1,3})(\d{1,7})")
MOST_COLUMNS = 16_384
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def read_xlsx(body: bytes) -> Draft:
    """The sheets that are shown, in their order."""
    if body.startswith(OLE_MAGIC):
        raise DocumentRefused("password_protected", "The workbook asks for a password.")
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive)
            return _Workbook(Package(archive)).draft()
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The workbook is damaged.") from error


class _Workbook:
    def __init__(self, package: Package) -> None:
        self._package = package
        package.note_links()
        whole = package.relations("").values()
        self._main = next((one.target for one in whole if one.type == "officeDocument"), "xl/workbook.xml")
        self._relations = package.relations(self._main)
        self._strings = self._shared()
        self._formats = Formats(self._linked("styles"), self._linked_workbook())

    def draft(self) -> Draft:
        draft = Draft()
        root = self._linked_workbook()
        if root is None:
            raise DocumentRefused("unreadable", "The workbook is damaged.")
        draft.title = self._package.title()
        for number, sheet in enumerate(descendants(root, "x:sheet"), 1):
            relation = self._relations.get(attribute(sheet, "id"))
            if attribute(sheet, "state") in ("hidden", "veryHidden"):
                draft.warn(f"Sheet {number} is hidden and was not read.")
            elif relation:
                self._sheet(draft, attribute(sheet, "name"), number, relation.target)
        draft.warn(*self._package.warnings)
        return draft

    def _sheet(self, draft: Draft, name: str, number: int, part: str) -> None:
        root = self._package.root(part, f"Sheet {number}")
        if root is None:
            return
        draft.cut()
        draft.heading(name)
        draft.add(name, "\n")
        draft.cut()  # of a passage of rows each line is one
        add_table(draft, self._rows(root))
        relations = self._package.relations(part)
        for said in (*self._comments(relations), *self._boxes(relations)):
            draft.add(said, "\n")

    def _rows(self, root: Any) -> Iterator[tuple[int, list[str]]]:
        number = 0
        data = child(root, "x:sheetData")
        for row in data if data is not None else ():
            stated = attribute(row, "r")
            number = int(stated) if stated.isdigit() else number + 1
            cells: list[str] = []
            for cell in (one for one in row if tag(one) == "x:c"):
                place = _column(attribute(cell, "r"), len(cells))
                text = self._value(cell)
                if text and place < MOST_COLUMNS:
                    cells += [""] * (place + 1 - len(cells))
                    cells[place] = text
                elif place >= len(cells):
                    cells += [""] * (min(place, MOST_COLUMNS) + 1 - len(cells))
            yield number, cells

    def _value(self, cell: Any) -> str:
        kind = attribute(cell, "t")
        if kind == "inlineStr":
            return _rich(child(cell, "x:is"))
        value = child(cell, "x:v")
        text = value.text or "" if value is not None else ""
        if kind == "s":
            return self._strings[int(text)] if text.isdigit() and int(text) < len(self._strings) else ""
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind in ("str", "e", "d"):
            return _unescaped(text)
        return shown(text, self._formats, attribute(cell, "s"))

    def _shared(self) -> list[str]:
        root = self._linked("sharedStrings")
        return [_rich(one) for one in root if tag(one) == "x:si"] if root is not None else []

    def _comments(self, relations: dict[str, PartLink]) -> Iterator[str]:
        """The old kind holds what the threads of the new one say too."""
        for one in relations.values():
            root = self._package.root(one.target, "The comments") if one.type == "comments" else None
            for comment in descendants(root, "x:comment") if root is not None else ():
                text = " ".join(_rich(child(comment, "x:text")).split())
                yield f"Comment on {attribute(comment, 'ref')}: {text}"

    def _boxes(self, relations: dict[str, PartLink]) -> Iterator[str]:
        for one in relations.values():
            root = self._package.root(one.target, "A drawing") if one.type == "drawing" else None
            if root is not None:
                drawings = Drawings(self._package, self._package.relations(one.target))
                yield from (said for said in drawings.read(root) if isinstance(said, str))

    def _linked_workbook(self) -> Any | None:
        return self._package.root(self._main, "The workbook")

    def _linked(self, type: str) -> Any | None:
        part = next((one.target for one in self._relations.values() if one.type == type and not one.external), "")
        return self._package.root(part, "A part of the workbook") if part else None


def _column(reference: str, following: int) -> int:
    """The place of a cell in its row, from 0; those without a reference follow each other."""
    found = COLUMN.fullmatch(reference)
    if found is None:
        return following
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _rich(element: Any | None) -> str:
    """A text of several runs, without how it is read aloud."""
    if element is None:
        return ""
    said = []
    for one in element:
        if tag(one) == "x:t":
            said.append(one.text or "")
        elif tag(one) == "x:r":
            said += [run.text or "" for run in one if tag(run) == "x:t"]
    return _unescaped("".join(said))


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
