"""Word documents to text: paragraphs and tables in their order."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.table import Table

from adapters.extract.archive import check_archive
from adapters.extract.decoding import clean
from adapters.extract.kinds import OLE_MAGIC
from domain.refusals import DocumentRefused

BROKEN = (zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, AttributeError, RuntimeError, OSError)


def read_docx(body: bytes) -> tuple[str, str]:
    """Title (empty when there is none) and text; a table's row is a line, its cells by ` | `."""
    if body.startswith(OLE_MAGIC):
        raise DocumentRefused("password_protected", "The document asks for a password.")
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive)
        document = docx.Document(BytesIO(body))
        text = "\n\n".join(block for block in _blocks(document) if block)
        return " ".join(clean(document.core_properties.title or "").split()), clean(text)
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The document is damaged.") from error


def _blocks(document: Any) -> Iterator[str]:
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield "\n".join(_row(row) for row in block.rows)
        else:
            yield block.text.strip()


def _row(row: Any) -> str:
    """A merged cell stands in several columns and is said once. What tells it has no public name: without that, it is
    said in each column."""
    cells = list({id(getattr(cell, "_tc", cell)): " ".join(cell.text.split()) for cell in row.cells}.values())
    return " | ".join(cells)
