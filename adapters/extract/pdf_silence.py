"""Why a page of a PDF says nothing: it is empty, a picture, or damaged."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from io import BytesIO
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader

MOST_OBJECTS = 5_000
SHOWS = re.compile(rb"(?:Tj|TJ|Do|['\"])\s")
NOTHING = 16
"""So many bytes are what compressing nothing takes."""
MOST_ASKED = 200
"""Pages; what a file with more silent ones is, is clear by then."""


def why_silent(
    document: pypdfium2.PdfDocument, body: bytes, silent: Sequence[int], damaged: Collection[int]
) -> Iterator[str]:
    """A warning for each page that says nothing and is not just empty. `damaged` are those that cannot be opened."""
    contents = _Contents(body)
    for number in silent[:MOST_ASKED]:
        if number in damaged:
            yield f"Page {number} is damaged and could not be read."
            continue
        kinds = _kinds(document, number - 1)
        if pdfium.FPDF_PAGEOBJ_IMAGE in kinds:
            yield f"Page {number} holds no text; a scanned one has to be recognised first."
        elif not kinds and contents.drawn(number - 1):
            yield f"Page {number} is damaged and could not be read."


def _kinds(document: pypdfium2.PdfDocument, place: int) -> set[int]:
    with closing(document[place]) as page:
        most = min(pdfium.FPDFPage_CountObjects(page.raw), MOST_OBJECTS)
        return {pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page.raw, at)) for at in range(most)}


def _length(contents: Any) -> int:
    """Bytes of a page's instructions as they are kept."""
    streams = contents if isinstance(contents, list) else [contents]
    return sum(int(one.get_object().get("/Length", 0)) for one in streams)


class _Contents:
    """Asks another reader whether anything was meant to be drawn."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._reader: PdfReader | None = None

    def drawn(self, place: int) -> bool:
        """Whether a page has instructions that show something; also when they cannot be read."""
        try:
            self._reader = self._reader or PdfReader(BytesIO(self._body))
            page = self._reader.pages[place]
            found = page.get_contents()
            if found is None:
                return "/Contents" in page
            instructions = found.get_data()
            return bool(SHOWS.search(instructions)) if instructions.strip() else _length(page["/Contents"]) > NOTHING
        except Exception:  # whatever it stumbles over, it is the page that is at fault
            return True
