"""The line that a paragraph of Word becomes: what its runs say, and what hangs on it and follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters.extract.office_math import linear
from adapters.extract.opc import attribute, child, descendants, tag
from adapters.extract.symbols import in_font, sign
from adapters.extract.word_styles import OFF, Styles

GONE = frozenset(("w:del", "w:moveFrom", "w:delText", "w:instrText", "w:delInstrText", "w:fldData", "w:rt"))
"""Deleted, moved away, or never shown; the reading of a ruby stands in its place in `Line.read_aloud`."""
SIGNS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
NOTES = {"w:footnoteReference": "footnote", "w:endnoteReference": "endnote", "w:commentReference": "comment"}
PICTURES = frozenset(("w:drawing", "w:pict", "w:object"))
TEXTUAL = ("w:t", "m:t", "a:t", "w:sym", "c:chart", "dgm:relIds", "v:textpath")
TICKED, UNTICKED = "☒", "☐"


class Hanging(NamedTuple):
    """What a paragraph refers to: a note by its id, or a drawing."""

    kind: str
    of: Any


class Line:
    """A paragraph as it is read."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._aloud: list[str] = []
        self.hanging: list[Hanging] = []

    def say(self, text: str) -> None:
        """More of it. The readings of the signs before it come first."""
        if text and self._aloud:
            self._pieces.append("(" + "".join(self._aloud) + ")")
            self._aloud.clear()
        self._pieces.append(text)

    def read_aloud(self, signs: str, reading: str) -> None:
        """Ruby: signs that follow each other keep together, so that the word that they are is found."""
        self._pieces.append(signs)
        self._aloud.append(reading)

    def number(self, label: str) -> None:
        """What Word puts before it."""
        if label:
            self._pieces.insert(0, f"{label} ")

    def text(self) -> str:
        """The whole line, with the blanks round it."""
        self.say("\u200b")  # what was still to be read aloud; the draft drops the sign
        return "".join(self._pieces).strip("\u200b")


class LineReader:
    """Reads the paragraphs of one part in their order: a field may begin in one and end in another."""

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        self._fields: list[bool] = []
        kinds = [attribute(one, "fldCharType") for one in descendants(root, "w:fldChar")]
        self._whole = kinds.count("begin") == kinds.count("end")

    def read(self, paragraph: Any) -> Line:
        """One of them."""
        line = Line()
        self._inside(paragraph, line)
        return line

    def _inside(self, element: Any, line: Line) -> None:
        for one in element:
            name = tag(one)
            if name == "w:r":
                if not self._styles.hidden(one):
                    self._run(one, line)
                else:
                    self._hidden(one)
            elif name == "m:oMath":
                line.say(linear(one) if self._shown() else "")
            elif name == "mc:AlternateContent":
                self._inside(branch(one), line)
            elif name == "w:ruby":
                self._ruby(one, line)
            elif name in PICTURES:
                line.hanging.append(Hanging("drawing", one))
            elif name not in GONE and not name.endswith("Pr"):
                self._inside(one, line)

    def _run(self, run: Any, line: Line) -> None:
        fonts = child(run, "w:rPr", "w:rFonts")
        font = attribute(fonts, "ascii") if fonts is not None else ""
        for one in run:
            name = tag(one)
            if name == "w:fldChar":
                self._field(one, line)
            elif name in NOTES:
                line.hanging.append(Hanging(NOTES[name], attribute(one, "id")))
            elif name in PICTURES:
                line.hanging.append(Hanging("drawing", one))
            elif name == "mc:AlternateContent":
                self._run(branch(one), line)
            elif name == "w:ruby":
                self._ruby(one, line)
            elif name == "m:oMath":
                line.say(linear(one))
            elif self._shown():
                line.say(_said(one, name, font))

    def _ruby(self, ruby: Any, line: Line) -> None:
        base, reading = Line(), Line()
        for name, into in (("w:rubyBase", base), ("w:rt", reading)):
            found = child(ruby, name)
            if found is not None:
                self._inside(found, into)
        line.read_aloud(base.text().strip(), reading.text().strip())

    def _hidden(self, run: Any) -> None:
        for one in run:
            if tag(one) == "w:fldChar":
                self._field(one, Line())

    def _field(self, mark: Any, line: Line) -> None:
        """A field's code is not shown, nor what the fields in it come to; what it itself comes to is."""
        kind = attribute(mark, "fldCharType")
        if kind == "begin":
            if self._shown():
                line.say(_form_field(child(mark, "w:ffData")))
            self._fields.append(False)
        elif self._fields and kind == "separate":
            self._fields[-1] = True
        elif self._fields and kind == "end":
            self._fields.pop()

    def _shown(self) -> bool:
        return not self._whole or all(self._fields)


def branch(alternatives: Any) -> Any:
    """Which of several ways to say the same is read: the first that says anything (ECMA-376, part 3, 10.2)."""
    ways = [one for one in alternatives if tag(one) in ("mc:Choice", "mc:Fallback")]
    telling = (one for one in ways if next(descendants(one, *TEXTUAL), None) is not None)
    return next(telling, ways[0] if ways else ())


def deleted_mark(paragraph: Any) -> bool:
    """Whether a paragraph's end was deleted, so that the next one goes on in its line."""
    return child(paragraph, "w:pPr", "w:rPr", "w:del") is not None


def _said(element: Any, name: str, font: str) -> str:
    if name == "w:t":
        return in_font(font, element.text or "")
    if name == "w:sym":
        code = attribute(element, "char")
        return sign(attribute(element, "font"), int(code, 16)) if code else ""
    return SIGNS.get(name, "")


def _form_field(data: Any | None) -> str:
    """A tick box or a choice of a form; what is typed into one is the field's result."""
    box, choice = child(data, "w:checkBox"), child(data, "w:ddList")
    if box is not None:
        state = child(box, "w:checked")
        state = state if state is not None else child(box, "w:default")
        ticked = state is not None and (attribute(state, "val") or "1") not in OFF
        return TICKED if ticked else UNTICKED
    if choice is not None:
        entries = [attribute(one, "val") for one in choice if tag(one) == "w:listEntry"]
        chosen = child(choice, "w:result")
        place = attribute(chosen, "val") if chosen is not None else "0"
        return entries[int(place)] if place.isdigit() and int(place) < len(entries) else ""
    return ""


def elements(parent: Any, wanted: str) -> Iterator[Any]:
    """Rows of a table, or cells of a row, also those in content controls and the like, without deleted ones."""
    for one in parent:
        name = tag(one)
        if name == wanted:
            yield one
        elif name == "mc:AlternateContent":
            yield from elements(branch(one), wanted)
        elif name in ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag"):
            yield from elements(one, wanted)
