"""What styles of a Word document say that its text does not: which paragraphs are headings, what is hidden."""

from __future__ import annotations

import re
from typing import Any

from adapters.extract.opc import attribute, child, tag

HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|otsikko)\s*([1-9])", re.I)
OFF = frozenset(("0", "false", "off", "none"))
BODY_LEVEL = 9
DEEPEST = 20


class Styles:
    """Read from `word/styles.xml`; empty without one."""

    def __init__(self, root: Any | None) -> None:
        found = () if root is None else (one for one in root if tag(one) == "w:style")
        self._styles = {attribute(one, "styleId"): one for one in found}

    def heading(self, paragraph: Any) -> bool:
        """Whether a paragraph is a heading."""
        properties = child(paragraph, "w:pPr")
        if properties is None:
            return False
        level = child(properties, "w:outlineLvl")
        if level is not None:
            return attribute(level, "val") < str(BODY_LEVEL)
        style = child(properties, "w:pStyle")
        return style is not None and self._is_heading(attribute(style, "val"))

    def numbered(self, paragraph: Any) -> Any | None:
        """The `w:numPr` of a paragraph: its own, else its style's."""
        own = child(paragraph, "w:pPr", "w:numPr")
        style = child(paragraph, "w:pPr", "w:pStyle") if own is None else None
        for _ in range(DEEPEST if style is not None else 0):
            found = self._styles.get(attribute(style, "val"))
            own, style = child(found, "w:pPr", "w:numPr"), child(found, "w:basedOn")
            if own is not None or style is None:
                break
        return own

    def hidden(self, run: Any) -> bool:
        """Whether a run is shown nowhere."""
        properties = child(run, "w:rPr")
        if properties is None:
            return False
        vanish = child(properties, "w:vanish")
        if vanish is not None:
            return attribute(vanish, "val") not in OFF
        style = child(properties, "w:rStyle")
        of_style = child(self._styles.get(attribute(style, "val")), "w:rPr", "w:vanish") if style is not None else None
        return of_style is not None and attribute(of_style, "val") not in OFF

    def _is_heading(self, style_id: str) -> bool:
        for _ in range(DEEPEST):
            style = self._styles.get(style_id)
            if style is None:
                return HEADING.fullmatch(style_id) is not None
            level, name = child(style, "w:pPr", "w:outlineLvl"), child(style, "w:name")
            if level is not None:
                return attribute(level, "val") < str(BODY_LEVEL)
            if name is not None and (HEADING.fullmatch(attribute(name, "val")) or attribute(name, "val") == "Title"):
                return True
            based = child(style, "w:basedOn")
            if based is None:
                return False
            style_id = attribute(based, "val")
        return False
