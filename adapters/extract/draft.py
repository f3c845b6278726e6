"""A document as it is read: its text piece by piece, where pages, rows and headings begin, and what was not read."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from adapters.charsets.decoding import Decoded
from adapters.extract.cleaning import clean
from adapters.extract.splitting import split
from application.ports.documents.extractor import Extracted, PassagePlace
from domain.refusals import DocumentRefused

MAX_CHARACTERS = 10_000_000
MAX_WARNINGS = 50
LONGEST_TITLE, LONGEST_HEADING = 300, 200


class Draft:
    """Blocks are added in the order in which they are read; what begins with the next one is said before it."""

    def __init__(self, *, encoding: str = "", markdown: bool = False) -> None:
        self.title, self.encoding = "", encoding
        self.warnings: list[str] = []
        self._markdown = markdown
        self._pieces: list[str] = []
        self._length = 0
        self._cuts: list[int] = []
        self._pages, self._page = _Marks(), 0
        self._rows, self._row = _Marks(), 0
        self._headings: list[str] = [""]
        self._heading_marks = _Marks()

    @classmethod
    def of(cls, decoded: Decoded, *, markdown: bool = False) -> Draft:
        """That of a file of plain characters."""
        draft = cls(encoding=decoded.encoding, markdown=markdown)
        if decoded.damaged:
            draft.warn(f"Bytes that stand for no character: {decoded.damaged}.")
        return draft

    def page(self, number: int) -> None:
        """Here begins a page, or a slide: no passage goes on over its border."""
        self._page = number
        self.cut()
        self._pages.add(self._length, number)

    def heading(self, text: str, at: int = 0) -> None:
        """What follows stands under this heading; `at` characters into what follows."""
        self._headings.append(" ".join(text.split())[:LONGEST_HEADING])
        self._heading_marks.add(self._length + at, len(self._headings) - 1)

    def row(self, number: int) -> None:
        """The next block is this row of a table, on a line of its own. Rows that were left out before it end a passage,
        so that the lines of one are rows that follow each other."""
        if self._row and number != self._row + 1:
            self.cut()
        self._row = number
        self._rows.add(self._length, number)

    def table(self) -> None:
        """A new table, whose rows are counted anew."""
        self._row = 0
        self._rows.add(self._length, 0)

    def cut(self) -> None:
        """No passage goes on over this place."""
        if not self._cuts or self._cuts[-1] != self._length:
            self._cuts.append(self._length)

    def put_in(self, other: Draft) -> None:
        """All of another one, with its headings, as it was read by itself."""
        for at, number in other._heading_marks:
            self.heading(other._headings[number], at)
        self.add("".join(other._pieces[:-1]))
        self.warn(*other.warnings)

    def add(self, text: str, end: str = "\n\n") -> None:
        """The next block; nothing when there is nothing in it. `DocumentRefused` when it is too much."""
        text = clean(text)
        if not text.strip():
            return
        self._pieces += (text, end)
        self._length += len(text) + len(end)
        if self._length > MAX_CHARACTERS + 2:
            raise DocumentRefused("too_large", f"The document holds more than {MAX_CHARACTERS} characters of text.")

    def warn(self, *warnings: str) -> None:
        """What was not read, in words that hold nothing of the document."""
        for warning in warnings:
            if warning not in self.warnings:
                self.warnings.append(warning)

    @property
    def says_anything(self) -> bool:
        """Whether there is any text yet."""
        return bool(self._pieces)

    def extracted(self) -> Extracted:
        """All of it. `DocumentRefused` when there is no text in it."""
        text = "".join(self._pieces[:-1])
        borders = [0, *(cut for cut in self._cuts if 0 < cut < len(text)), len(text)]
        spans = tuple(
            (first + start, first + end)
            for first, last in pairwise(borders)
            for start, end in split(text[first:last], markdown=self._markdown)
        )
        if not spans:
            raise DocumentRefused("unreadable", "The document holds no text; a scanned one has to be recognised first.")
        hidden = len(self.warnings) - MAX_WARNINGS
        more = (f"And {hidden} more.",) if hidden > 0 else ()
        return Extracted(
            title=" ".join(clean(self.title).split())[:LONGEST_TITLE],
            text=text,
            spans=spans,
            places=tuple(self._place(*span) for span in spans),
            warnings=(*self.warnings[:MAX_WARNINGS], *more),
            encoding=self.encoding,
        )

    def _place(self, start: int, end: int) -> PassagePlace:
        heading = self._heading_marks.last(start) or self._heading_marks.first_within(start, end)
        return PassagePlace(self._pages.last(start) or None, self._rows.last(start) or None, self._headings[heading])


class _Marks:
    """Numbers that hold from a place on."""

    def __init__(self) -> None:
        self._at, self._numbers = array("L"), array("L")

    def add(self, at: int, number: int) -> None:
        self._at.append(at)
        self._numbers.append(number)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._at, self._numbers, strict=True)

    def last(self, at: int) -> int:
        place = bisect_right(self._at, at)
        return self._numbers[place - 1] if place else 0

    def first_within(self, start: int, end: int) -> int:
        place = bisect_right(self._at, start)
        return self._numbers[place] if place < len(self._at) and self._at[place] < end else 0
