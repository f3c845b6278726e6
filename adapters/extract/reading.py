"""A file to its title, text and passages, whatever its kind."""

from __future__ import annotations

import re

from adapters.extract.csv_text import read_csv
from adapters.extract.decoding import decode
from adapters.extract.docx_text import read_docx
from adapters.extract.html_text import read_html
from adapters.extract.kinds import CSV, DOCX, HTML, MARKDOWN, PDF
from adapters.extract.pdf_text import read_pdf
from adapters.extract.splitting import split
from application.ports.extractor import Extracted
from domain.refusals import DocumentRefused

MAX_CHARACTERS = 10_000_000
FIRST_HEADING = re.compile(r"^#[^\S\n]++(\S.{0,1000})", re.M)


def read(media_type: str, body: bytes, max_pages: int) -> Extracted:
    """Read a file; `DocumentRefused` when it holds no text, too much of it, or cannot be read at all."""
    title, text = _text_of(media_type, body, max_pages)
    if len(text) > MAX_CHARACTERS:
        raise DocumentRefused("too_large", f"The document holds more than {MAX_CHARACTERS} characters of text.")
    spans = split(text, markdown=media_type == MARKDOWN)
    if not spans:
        raise DocumentRefused("unreadable", "The document holds no text; a scanned one has to be recognised first.")
    return Extracted(title=title[:300], text=text, spans=spans)


def _text_of(media_type: str, body: bytes, max_pages: int) -> tuple[str, str]:
    if media_type == PDF:
        return read_pdf(body, max_pages)
    if media_type == DOCX:
        return read_docx(body)
    if media_type == HTML:
        return read_html(body)
    if media_type == CSV:
        return "", read_csv(body)
    text = decode(body)
    heading = FIRST_HEADING.search(text) if media_type == MARKDOWN else None
    return heading[1].rstrip().rstrip("#").rstrip() if heading else "", text
