"""What drawings in Office documents say: boxes of text, charts, diagrams, lettering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.extract.opc import Package, PartLink, attribute, descendants, tag
from adapters.extract.word_lines import branch

MOST_POINTS = 5_000
"""Of a chart."""


class Drawings:
    """Those of one part, with what that points to."""

    def __init__(self, package: Package, relations: dict[str, PartLink]) -> None:
        self._package, self._relations = package, relations

    def read(self, drawing: Any) -> Iterator[str | Any]:
        """In their order: text, or an element whose paragraphs are Word's."""
        for one in drawing:
            name = tag(one)
            if name == "w:txbxContent":
                yield one
            elif name == "mc:AlternateContent":
                yield from self.read(branch(one))
            elif name == "v:textpath":
                yield attribute(one, "string")
            elif name == "c:chart":
                yield from self._chart(attribute(one, "id"))
            elif name == "dgm:relIds":
                yield from self._diagram(attribute(one, "dm"))
            elif name == "a:p":
                yield drawn_line(one)
            else:
                yield from self.read(one)

    def _chart(self, id: str) -> Iterator[str]:
        root = self._target(id, "A chart")
        if root is None:
            return
        yield from filter(None, map(drawn_line, descendants(root, "a:p")))
        for series in descendants(root, "c:ser"):
            parts = {tag(one): list(descendants(one, "c:v")) for one in series}
            names, values = parts.get("c:cat", parts.get("c:xVal", [])), parts.get("c:val", parts.get("c:yVal", []))
            title = " ".join(_text(one) for one in parts.get("c:tx", []))
            pairs = [
                f"{_text(names[place])}: {_text(value)}" if place < len(names) else _text(value)
                for place, value in enumerate(values[:MOST_POINTS])
            ]
            yield (f"{title}: " if title else "") + "; ".join(pairs)

    def _diagram(self, id: str) -> Iterator[str]:
        root = self._target(id, "A diagram")
        if root is not None:
            yield from filter(None, map(drawn_line, descendants(root, "a:p")))

    def _target(self, id: str, called: str) -> Any | None:
        found = self._relations.get(id)
        return self._package.root(found.target, called) if found and not found.external else None


def drawn_line(paragraph: Any) -> str:
    """A paragraph of DrawingML."""
    said = []
    for one in descendants(paragraph, "a:t", "a:br", "m:t"):
        said.append("\n" if tag(one) == "a:br" else one.text or "")
    return "".join(said).strip()


def _text(value: Any) -> str:
    return value.text or ""
