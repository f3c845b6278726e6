"""A file to its title, text and passages, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from adapters.extract.csv_text import read_csv
from adapters.extract.docx_text import read_docx
from adapters.extract.draft import Draft
from adapters.extract.eml_text import read_eml
from adapters.extract.epub_text import read_epub
from adapters.extract.html_text import read_html
from adapters.extract.json_text import read_json, read_json_lines
from adapters.extract.kinds import (
    CSV,
    DOCX,
    EML,
    EPUB,
    EXTENSIONS,
    HTML,
    JSON,
    JSON_LINES,
    MARKDOWN,
    ODP,
    ODS,
    ODT,
    PDF,
    PPTX,
    RTF,
    TEXT,
    XLSX,
)
from adapters.extract.odf_text import read_odf
from adapters.extract.pdf_text import read_pdf
from adapters.extract.pptx_text import read_pptx
from adapters.extract.rtf_text import read_rtf
from adapters.extract.text_text import read_markdown, read_text
from adapters.extract.xlsx_text import read_xlsx
from application.ports.documents.extractor import Extracted

DEEPEST = 3
"""Documents in documents in documents."""


def read(media_type: str, body: bytes, max_pages: int) -> Extracted:
    """Read a file; `DocumentRefused` when it holds no text, too much of it, or cannot be read at all."""
    return _reader(media_type, max_pages, 0)(body).extracted()


def _reader(media_type: str, max_pages: int, depth: int) -> Callable[[bytes], Draft]:
    readers: dict[str, Callable[[bytes], Draft]] = {
        TEXT: read_text,
        MARKDOWN: read_markdown,
        HTML: read_html,
        CSV: read_csv,
        PDF: partial(read_pdf, max_pages=max_pages),
        DOCX: partial(read_docx, chunk=partial(_chunk, max_pages, depth + 1)),
        XLSX: read_xlsx,
        PPTX: read_pptx,
        ODT: read_odf,
        ODS: read_odf,
        ODP: read_odf,
        RTF: read_rtf,
        EML: partial(read_eml, chunk=partial(_chunk, max_pages, depth + 1)),
        EPUB: read_epub,
        JSON: read_json,
        JSON_LINES: read_json_lines,
    }
    return readers[media_type]


def _chunk(max_pages: int, depth: int, name: str, body: bytes) -> list[str]:
    """What a document within a document says, by blocks; nothing of one that lies too deep."""
    media_type = EXTENSIONS.get(PurePosixPath(name).suffix.lower().removeprefix("."))
    if media_type is None or depth > DEEPEST:
        return []
    return _reader(media_type, max_pages, depth)(body).extracted().text.split("\n\n")
