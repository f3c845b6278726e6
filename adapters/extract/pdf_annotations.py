"""What is filled into the forms of a PDF's page, and noted on it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

MOST = 5_000
"""Annotations of a page that are looked at."""
LONGEST = 1_000_000
NOTED = frozenset(
    (
        pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_STRIKEOUT,
        pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE,
    )
)  # fmt: skip
BOXES = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
FILLED = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
TICKED = "☒"
"""Boxes that are not ticked say nothing that the text beside them does not."""
SECRET = 1 << 13
"""Of a field's flags: what is typed is not shown (ISO 32000-1, table 228)."""
Ask = Callable[[Any, int], int]


def said_on(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[str]:
    """Lines: `name: value` of each field that is filled in, text boxes as they are, comments marked as such."""
    form = document.formenv.raw if document.formenv else None
    for place in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), MOST)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, place)
        if not annotation:
            continue
        try:
            line = _line(form, annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if line:
            yield line


def _line(form: Any, annotation: Any) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium.FPDF_ANNOT_WIDGET:
        return _field(form, annotation) if form else ""
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return _string(lambda into, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", into, size))
    if kind in NOTED:
        note = _string(lambda into, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", into, size))
        author = _string(lambda into, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"T", into, size))
        return f"Comment{f' by {author}' if author else ''}: {note}" if note else ""
    return ""


def _field(form: Any, annotation: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(
        lambda into, size: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, annotation, into, size)
    ) or _string(lambda into, size: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, into, size))
    if kind in BOXES:
        return f"{TICKED} {name}".strip() if pdfium.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in FILLED or pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & SECRET:
        return ""
    value = _string(lambda into, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, into, size))
    if not value:
        return ""
    return f"{name}: {value}" if name else value


def _string(ask: Ask) -> str:
    """What a function of PDFium gives that writes UTF-16 with a zero at its end."""
    size = ask(None, 0)
    if not 2 < size <= LONGEST:
        return ""
    into = (ctypes.c_ushort * (size // 2))()
    ask(into, size)
    return bytes(into)[: size - 2].decode("utf-16-le", "replace").strip()
