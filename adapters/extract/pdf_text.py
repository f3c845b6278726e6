"""PDF to text, a page at a time: one that is damaged costs itself alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pypdfium2
import pypdfium2.raw as pdfium

from adapters.extract.draft import Draft
from adapters.extract.pdf_annotations import said_on
from adapters.extract.pdf_order import text_in_order
from adapters.extract.pdf_silence import why_silent
from adapters.extract.pdf_words import Hyphens
from domain.refusals import DocumentRefused

DEEPEST_OUTLINE = 15


def read_pdf(body: bytes, max_pages: int) -> Draft:
    """Pages in their order. A file that only its owner's password restricts is read."""
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise DocumentRefused("password_protected", "The PDF asks for a password.") from error
        raise DocumentRefused("unreadable", "The PDF is damaged.") from error
    with closing(document):
        return _read(document, body, max_pages)


def _read(document: pypdfium2.PdfDocument, body: bytes, max_pages: int) -> Draft:
    if len(document) > max_pages:
        raise DocumentRefused("too_many_pages", f"The PDF has more than {max_pages} pages.")
    if document.get_formtype():
        document.init_forms()
    draft = Draft()
    draft.title = document.get_metadata_value("Title") or ""
    texts = [_text_of(document, place) for place in range(len(document))]
    hyphens = Hyphens(text or "" for text in texts)
    outline = _outline(document)
    for number, text in enumerate(texts, 1):
        draft.page(number)
        joined = hyphens.joined(text or "").strip()
        for title in outline.get(number, ()):
            draft.heading(title, max(0, joined.find(title)))
        draft.add(joined)
    silent = [number for number, text in enumerate(texts, 1) if not (text or "").strip()]
    if silent and draft.says_anything:
        damaged = {number for number in silent if texts[number - 1] is None}
        draft.warn(*why_silent(document, body, silent, damaged))
    return draft


def _text_of(document: pypdfium2.PdfDocument, place: int) -> str | None:
    """What a page says, with what is filled in and noted on it; None when it is damaged."""
    try:
        with closing(document[place]) as page, closing(page.get_textpage()) as text:
            return "\n".join([text_in_order(text).strip(), *said_on(document, page)]).strip()
    except pypdfium2.PdfiumError:
        return None


def _outline(document: pypdfium2.PdfDocument) -> dict[int, list[str]]:
    """Titles of the outline by the page where each begins."""
    found: dict[int, list[str]] = {}
    for title, number in _outline_items(document):
        found.setdefault(number, []).append(title)
    return found


def _outline_items(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, int]]:
    try:
        for item in document.get_toc(max_depth=DEEPEST_OUTLINE):
            target = item.get_dest()
            place = target.get_index() if target else None
            if place is not None and (title := " ".join(item.get_title().split())):
                yield title, place + 1
    except pypdfium2.PdfiumError:
        return  # an outline helps, and is not needed
