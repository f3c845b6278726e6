"""The blocks of a part of a Word document, in the order in which they are read: paragraphs, tables, boxes, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from adapters.extract.drawings import Drawings
from adapters.extract.opc import Package, PartLink, attribute, child, tag
from adapters.extract.word_lines import Hanging, Line, LineReader, branch, deleted_mark, elements
from adapters.extract.word_numbering import Numbering
from adapters.extract.word_styles import Styles

GONE = frozenset(("w:moveFrom", "w:del", "w:sectPr", "w:tblPr", "w:tblGrid", "w:sdtPr"))
Notes = Callable[[str, str], list[str]]
"""What a note says: its kind and its id to lines."""
Others = Callable[[PartLink], list[str]]
"""What a document that is put into this one says, by blocks."""


class Block(NamedTuple):
    """A paragraph, a table, a note."""

    text: str
    heading: bool = False


class Story:
    """One part of a document."""

    def __init__(
        self,
        package: Package,
        part: str,
        root: Any,
        styles: Styles,
        *,
        numbering: Numbering,
        notes: Notes,
        others: Others,
    ) -> None:
        self._relations = package.relations(part)
        self._lines = LineReader(root, styles)
        self._styles, self._notes, self._others, self._numbering = styles, notes, others, numbering
        self._drawings = Drawings(package, self._relations)
        self._begun = ""

    def blocks(self, parent: Any) -> Iterator[Block]:
        """All that stands in an element."""
        for one in parent:
            name = tag(one)
            if name == "w:p":
                yield from self._paragraph(one)
            elif name == "w:tbl":
                yield from self._finished(Line())
                yield from self._table(one)
            elif name == "mc:AlternateContent":
                yield from self.blocks(branch(one))
            elif name == "w:altChunk":
                put_in = self._relations.get(attribute(one, "id"))
                yield from map(Block, self._others(put_in) if put_in else ())
            elif name in ("m:oMath", "m:oMathPara", "w:r"):
                yield from self._finished(self._lines.read([one]))
            elif name not in GONE:
                yield from self.blocks(one)
        yield from self._finished(Line())  # a line that was to go on, and has nothing after it

    def _paragraph(self, paragraph: Any) -> Iterator[Block]:
        line = self._lines.read(paragraph)
        if deleted_mark(paragraph):
            self._begun += line.text()
            yield from self._what_hangs(line.hanging)
            return
        if line.text().strip():
            line.number(self._numbering.label(self._styles.numbered(paragraph)))
        yield from self._finished(line, self._styles.heading(paragraph))

    def _finished(self, line: Line, heading: bool = False) -> Iterator[Block]:
        text, self._begun = (self._begun + line.text()).strip(), ""
        if text:
            yield Block(text, heading)
        yield from self._what_hangs(line.hanging)

    def _what_hangs(self, hanging: list[Hanging]) -> Iterator[Block]:
        """Boxes, charts and notes, after the paragraph that they hang on."""
        for one in hanging:
            if one.kind == "drawing":
                for found in self._drawings.read(one.of):
                    if isinstance(found, str):
                        yield Block(found)
                    else:
                        yield from self.blocks(found)
            else:
                yield from map(Block, self._notes(one.kind, one.of))

    def _table(self, table: Any) -> Iterator[Block]:
        """A line a row. A table of a single column only frames what it holds."""
        rows = [_cells(row) for row in elements(table, "w:tr") if child(row, "w:trPr", "w:del") is None]
        if all(len(cells) <= 1 for cells in rows):
            for cells in rows:
                for cell in cells:
                    yield from self.blocks(cell.element)
            return
        above: dict[int, str] = {}
        lines = []
        for cells in rows:
            texts = []
            for cell in cells:
                text = above.get(cell.column, "") if cell.goes_on else self._cell(cell.element)
                above[cell.column] = text
                texts.append(text)
            lines.append(" | ".join(texts))
        yield Block("\n".join(line for line in lines if line.strip(" |")))

    def _cell(self, cell: Any) -> str:
        """A table in a cell is told in the cell's line."""
        said = []
        for one in self.blocks(cell):
            said.append("; ".join(one.text.replace(" | ", ", ").split("\n")) if " | " in one.text else one.text)
        return " ".join(" ".join(said).split())


class _Cell(NamedTuple):
    element: Any
    column: int
    goes_on: bool
    """It is the lower part of the cell above it."""


def _cells(row: Any) -> list[_Cell]:
    before = child(row, "w:trPr", "w:gridBefore")
    column = _number(before)
    found = []
    for cell in elements(row, "w:tc"):
        properties = child(cell, "w:tcPr")
        merged = child(properties, "w:vMerge")
        if child(properties, "w:cellDel") is None:
            goes_on = merged is not None and attribute(merged, "val") != "restart"
            found.append(_Cell(cell, column, goes_on))
        column += max(1, _number(child(properties, "w:gridSpan")))
    return found


def _number(element: Any | None) -> int:
    value = attribute(element, "val") if element is not None else ""
    return int(value) if value.isdigit() else 0
