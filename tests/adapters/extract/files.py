"""Files of every kind, good and hostile, made in memory."""

from __future__ import annotations

import zipfile
from io import BytesIO

import docx
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(*pages: str, title: str = "", password: str = "", owner_password: str | None = None) -> bytes:
    """A PDF with a line of text a page."""
    writer = PdfWriter()
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
         NameObject("/BaseFont"): NameObject("/Helvetica")}
    )  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(300, 300)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(content)
    if title:
        writer.add_metadata({"/Title": title})
    if password or owner_password:
        writer.encrypt(password, owner_password, algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def word(*paragraphs: str, title: str = "", table: list[list[str]] | None = None) -> bytes:
    """A Word document: a paragraph each, then a table."""
    document = docx.Document()
    document.core_properties.title = title
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, texts in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    document.add_paragraph("after the table")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def word_with(**parts: bytes) -> bytes:
    """A Word document with parts added or replaced; `__` in a name stands for `/`, a last `_` for `.`."""
    return word_changed({_part_name(name): body for name, body in parts.items()})


def word_changed(changed: dict[str, bytes]) -> bytes:
    """A Word document with parts added or replaced, by their names."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(word("text"))) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            if entry not in changed:
                target.writestr(entry, source.read(entry))
        for name, body in changed.items():
            target.writestr(name, body)
    return out.getvalue()


def _part_name(name: str) -> str:
    path, _, extension = name.replace("__", "/").rpartition("_")
    return f"{path}.{extension}"
