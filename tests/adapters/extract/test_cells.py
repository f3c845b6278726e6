"""Kind by feature: text in order, nothing lost, nothing said that was deleted, and where it stands."""

from __future__ import annotations

from adapters.extract.kinds import EXTENSIONS
from adapters.extract.reading import read
from domain.refusals import DocumentRefused
from tests.adapters.extract.cells import others, pages, plain, word
from tests.adapters.extract.cells.cell import Cell, faults

CELLS = [*word.CELLS, *pages.CELLS, *others.CELLS, *plain.CELLS]


def judged(cell: Cell) -> list[str]:
    try:
        return faults(cell, read(EXTENSIONS[cell.kind], cell.body, 100))
    except DocumentRefused as refused:
        return [f"refused: {refused.reason}, {refused.detail}"]


def test_every_kind_keeps_what_a_reader_of_it_sees() -> None:
    assert len(CELLS) >= 120
    wrong = {f"{cell.kind}: {cell.feature}": found for cell in CELLS if (found := judged(cell))}
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())
