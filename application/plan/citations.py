"""From the marks in an answer to citations: which passage `[n]` means, and which words of it say so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from application.sessions.frame_limits import LONGEST_QUOTE, fits
from application.steps.marks import MarkReader, without_marks
from domain.session.events import Citation, Passage

CLAIM = 600
"""Characters before a mark that are looked at for the sentence that it belongs to."""
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|\n|$)")
_WORD = re.compile(r"\w{3,}")


class Citations(Protocol):
    """What the marks of an answer mean, as they are said."""

    found: dict[int, Citation]

    def read(self, text: str, *, whole: bool = False) -> list[Citation]:
        """The citations that the text so far (from its start) brings anew, the last when it is `whole`; marks that name
        no passage are none."""
        ...

    def cite(self, n: int, before: str) -> Citation | None:
        """The citation of passage `n` for the sentence that ends `before`; None when it is known or there is none."""
        ...

    def anew(self) -> Citations:
        """The same for an answer that begins again."""
        ...


class KeptCitations:
    """Those of an answer that was given before; each comes when its mark has been said."""

    def __init__(self, citations: Sequence[Citation]) -> None:
        self._all = citations
        self._marks = MarkReader()
        self.found: dict[int, Citation] = {}

    def read(self, text: str, *, whole: bool = False) -> list[Citation]:
        """See `Citations`."""
        said = {number for mark in self._marks.read(text, whole=whole) for number in mark.numbers}
        new = []
        for citation in self._all:
            if citation.n in said and citation.n not in self.found and fits(self.found.values(), citation):
                self.found[citation.n] = citation
                new.append(citation)
        return new

    def cite(self, n: int, before: str) -> Citation | None:
        """Nothing that was not there."""
        return None

    def anew(self) -> KeptCitations:
        """See `Citations`."""
        return KeptCitations(self._all)


class CitationReader:
    """Reads an answer as it streams and finds each mark once, even when it is split over deltas."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self._marks = MarkReader()
        self.found: dict[int, Citation] = {}

    def anew(self) -> CitationReader:
        """See `Citations`."""
        return CitationReader(self.passages)

    def read(self, text: str, *, whole: bool = False) -> list[Citation]:
        """See `Citations`."""
        marks = self._marks.read(text, whole=whole)
        named = ((number, text[max(0, mark.start - CLAIM) : mark.start]) for mark in marks for number in mark.numbers)
        return [citation for number, before in named if (citation := self.cite(number, before))]

    def cite(self, n: int, before: str) -> Citation | None:
        """See `Citations`."""
        if n in self.found or not 1 <= n <= len(self.passages):
            return None
        passage = self.passages[n - 1]
        start, end = best_sentence(passage.text, _last_sentence(before))
        end = min(end, start + LONGEST_QUOTE)
        citation = Citation(
            n=n,
            document_id=passage.document_id,
            title=passage.title,
            quote=passage.text[start:end],
            start=passage.start + start,
            end=passage.start + end,
            score=passage.score,
            page=passage.page,
            row=passage.row and passage.row + passage.text.count("\n", 0, start),
            heading=passage.heading,
        )
        if not fits(self.found.values(), citation):
            return None
        self.found[n] = citation
        return citation


def _last_sentence(text: str) -> str:
    sentences = _SENTENCE.findall(without_marks(text[-CLAIM:]).strip())
    return sentences[-1] if sentences else ""


def best_sentence(text: str, claim: str) -> tuple[int, int]:
    """Where in `text` the sentence stands that shares most words with `claim` (code points, trimmed); the whole text
    when none shares any."""
    wanted = {word.lower() for word in _WORD.findall(claim)}
    best, best_score = (0, len(text)), 0.0
    for match in _SENTENCE.finditer(text):
        words = {word.lower() for word in _WORD.findall(match[0])}
        score = len(words & wanted) / (len(words) + 8) ** 0.5 if words else 0.0
        if score > best_score:
            best, best_score = match.span(), score
    start, end = best
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, end - (len(piece) - len(piece.rstrip())))
