"""PDF files, a feature each, as several programs write them."""

from __future__ import annotations

import re
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from application.ports.documents.extractor import PassagePlace
from tests.adapters.extract.cells.cell import Cell


def drawn(*pages: object, title: str = "") -> bytes:
    """A page for each of the functions that draw one, or for each tuple of lines."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1)
    if title:
        canvas.setTitle(title)
    for page in pages:
        if callable(page):
            page(canvas)
        else:
            lines(canvas, *page)  # type: ignore[misc]
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def lines(canvas: Canvas, *said: str, x: float = 60, y: float = 760) -> None:
    """Lines one below the other."""
    text = canvas.beginText(x, y)
    for line in said:
        text.textLine(line)
    canvas.drawText(text)


def form(canvas: Canvas) -> None:
    """A form, filled in."""
    lines(canvas, "Application")
    canvas.acroForm.textfield(name="given", tooltip="Given name", value="Ada Lovelace", x=60, y=600)
    canvas.acroForm.checkbox(name="agreed", tooltip="I agree", checked=True, x=60, y=560)
    canvas.acroForm.choice(name="tide", tooltip="Tide", value="flood", options=["ebb", "flood"], x=60, y=500)


def in_vera(canvas: Canvas) -> None:
    """A line in a font whose letters are Unicode's."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    canvas.setFont("Vera", 12)
    canvas.drawString(60, 700, "com\u00adpute at once")


def columns(canvas: Canvas) -> None:
    """Two columns, the left one written first."""
    lines(canvas, "left one", "left two", x=60)
    lines(canvas, "right one", "right two", x=320)


def by_lines(canvas: Canvas) -> None:
    """Two columns under a heading, drawn line by line across both."""
    canvas.drawString(60, 790, "Tides and winds of the whole coast")
    for number in range(8):
        canvas.drawString(60, 760 - 14 * number, f"on the left we read line {number}")
        canvas.drawString(320, 757 - 14 * number, f"on the right we read line {number}")


def raised(canvas: Canvas) -> None:
    """A letter above its line and one below."""
    text = canvas.beginText(60, 760)
    for said, rise in (("25 m", 0), ("2", 5), (" of H", 0), ("2", -5), ("O here", 0)):
        text.setRise(rise)
        text.setFont("Helvetica", 8 if rise else 12)
        text.textOut(said)
    canvas.drawText(text)


def rectangle_of_prices(canvas: Canvas) -> None:
    """A table, whose rows belong together."""
    for number in range(8):
        canvas.drawString(60, 760 - 14 * number, f"port {number}")
        canvas.drawString(320, 760 - 14 * number, f"fee {number}")


def bookmarked(canvas: Canvas) -> None:
    """A page with an entry in the outline."""
    lines(canvas, "Notice periods", "ten days at least")
    canvas.bookmarkPage("n")
    canvas.addOutlineEntry("Notice periods", "n")


def picture(canvas: Canvas) -> None:
    """A page that is a picture, as scanners make them."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    canvas.drawImage(ImageReader(Image.new("RGB", (20, 20), "grey")), 0, 0, 400, 500)


def commented() -> bytes:
    """A page with a comment and a box of text, put on it afterwards."""
    from pypdf.annotations import FreeText, Text

    writer = PdfWriter(clone_from=PdfReader(BytesIO(drawn(("the rent is 90",)))))
    writer.add_annotation(0, Text(text="check with Ada", rect=(50, 50, 80, 80)))
    writer.add_annotation(0, FreeText(text="stamped in May", rect=(50, 150, 200, 180)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def broken_page(number: int) -> bytes:
    """Three pages, of which one's instructions are no such thing."""
    whole = drawn(("page one says this",), ("page two says that",), ("page three says more",))
    found = list(re.finditer(rb"stream\r?\n(.*?)endstream", whole, re.S))
    start, end = found[number - 1].span(1)
    return whole[:start] + b"\xff" * (end - start) + whole[end:]


def missing_page() -> bytes:
    """Two pages, of which the second is nowhere in the file."""
    parts = [
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj ",
        b"2 0 obj<</Type/Pages/Count 2/Kids[3 0 R 9 0 R]>>endobj ",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj ",
        b"4 0 obj<</Length 44>>stream\nBT /F1 12 Tf 20 200 Td (only this is here) Tj ET\nendstream endobj ",
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj ",
    ]
    body, places = b"%PDF-1.7\n", []
    for part in parts:
        places.append(len(body))
        body += part + b"\n"
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    return (
        body
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)
    )


def encrypted() -> bytes:
    """A page that anybody may read and only its owner change."""
    out = BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("", ownerPassword="o", canCopy=0, strength=128))
    lines(canvas, "said to all")
    canvas.save()
    return out.getvalue()


THREE = drawn(("page one says this",), ("page two says that",), ("page three says more",), title="The Tide")

CELLS = [
    Cell("pdf", "pages and title", THREE, ("page one says this", "page two", "page three"), title="The Tide",
         places=(("page two", PassagePlace(2)), ("page three", PassagePlace(3)))),
    Cell("pdf", "word broken at a line's end", drawn(("the compen-", "sation is due",)), ("the compensation is due",)),
    Cell("pdf", "hyphen that belongs to a word", drawn(("a well-known port, well-", "known to all",)), ("well-known port, well-known to all",)),
    Cell("pdf", "soft hyphen", drawn(in_vera), ("compute at once",)),
    Cell("pdf", "form", drawn(form), ("Application", "Given name: Ada Lovelace", "☒ I agree", "Tide: flood")),
    Cell("pdf", "columns", drawn(columns), ("left one", "left two", "right one", "right two")),
    Cell("pdf", "columns drawn line by line", drawn(by_lines), ("Tides", *(f"left we read line {n}" for n in range(8)), *(f"right we read line {n}" for n in range(8)))),
    Cell("pdf", "table beside it", drawn(rectangle_of_prices), tuple(f"port {n} fee {n}" for n in range(8))),
    Cell("pdf", "raised and lowered letters", drawn(raised), ("25 m2 of H2O here",)),
    Cell("pdf", "only its owner has a password", encrypted(), ("said to all",)),
    Cell("pdf", "table of contents damaged", THREE.replace(b"startxref\n", b"startxref\n9"), ("page one", "page three")),
    Cell("pdf", "outline", drawn(("first page",), bookmarked), ("first page", "Notice periods"), places=(("ten days", PassagePlace(2, None, "Notice periods")),)),
    Cell("pdf", "comments and boxes", commented(), ("the rent is 90", "check with Ada", "stamped in May")),
    Cell("pdf", "a broken page", broken_page(2), ("page one", "page three"), ("page two",), warns="Page 2 is damaged"),
    Cell("pdf", "a missing page", missing_page(), ("only this is here",), warns="Page 2 is damaged"),
    Cell("pdf", "a scanned page", drawn(("typed",), picture), ("typed",), warns="Page 2 holds no text"),
    Cell("pdf", "an empty page", drawn(("typed",), ()), ("typed",)),
    Cell("pdf", "letters beyond ASCII", drawn(("Größe: 12,50 €, naïve café",)), ("Größe: 12,50 €, naïve café",)),
]  # fmt: skip
