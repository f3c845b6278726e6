"""Workbooks, slides, open documents, mail, books and records, a feature each, as other programs write them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from email import message_from_string
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import xlsxwriter
from odf import dc, draw, opendocument, style, table, text
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from application.ports.documents.extractor import PassagePlace
from tests.adapters.extract.cells.cell import Cell
from tests.adapters.extract.files import pdf


def book(fill: Callable[[Any], None]) -> bytes:
    """A workbook that a function fills."""
    out = BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True})
    fill(workbook)
    workbook.close()
    return out.getvalue()


def prices(workbook: Any) -> None:
    sheet = workbook.add_worksheet("Prices")
    sheet.write_row(0, 0, ["Port", "Fee", "Share", "From"])
    sheet.write_row(1, 0, ["Brest", 12.5])
    sheet.write(1, 2, 0.19, workbook.add_format({"num_format": "0%"}))
    sheet.write_datetime(1, 3, datetime(2026, 3, 4), workbook.add_format({"num_format": "dd.mm.yyyy"}))  # noqa: DTZ001
    sheet.write_row(2, 0, ["Hull", 7])


def formulas(workbook: Any) -> None:
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["What", "Sum"])
    sheet.write(1, 0, "all")
    sheet.write_formula(1, 1, "=6*7", None, 42)
    sheet.write_row(2, 0, ["true?"])
    sheet.write_boolean(2, 1, True)


def notes(workbook: Any) -> None:
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_row(1, 0, ["c", "d"])
    sheet.write_comment("B2", "ask Ada")
    sheet.insert_textbox(4, 1, "boxed words")
    sheet.write_rich_string(2, 0, "half ", workbook.add_format({"bold": True}), "bold", " text")


def hidden(workbook: Any) -> None:
    workbook.add_worksheet("Open").write(0, 0, "seen")
    sheet = workbook.add_worksheet("Closed")
    sheet.write(0, 0, "unseen")
    sheet.hide()


def title_above(workbook: Any) -> None:
    sheet = workbook.add_worksheet("Cups")
    sheet.write(0, 0, "Stanley Cups")
    sheet.write_row(1, 0, ["Team", "Cups"])
    sheet.write_row(2, 0, ["Blues", 1])
    sheet.write_row(3, 0, ["Flyers", 2])


def chart(workbook: Any) -> None:
    sheet = workbook.add_worksheet("Data")
    sheet.write_column(0, 0, ["Brest", "Hull"])
    made = workbook.add_chart({"type": "column"})
    made.add_series({"name": "Heights", "categories": "=Data!$A$1:$A$2", "values": "=Data!$B$1:$B$2"})
    made.set_title({"name": "Tides by port"})
    sheet.insert_chart("D2", made)


def kinds_of_numbers(workbook: Any) -> None:
    """A postcode, hours of work, and a column that holds nothing yet."""
    sheet = workbook.add_worksheet("Work")
    sheet.write_row(0, 0, ["Code", "Hours", "Remarks"])
    for row, (code, days) in enumerate(((1067, 1.25), (4103, 0.5)), 1):
        sheet.write(row, 0, code, workbook.add_format({"num_format": "00000"}))
        sheet.write(row, 1, days, workbook.add_format({"num_format": "[h]:mm"}))


def slides(fill: Callable[[Any], None]) -> bytes:
    """A presentation that a function fills."""
    made = Presentation()
    fill(made)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def two_slides(made: Any) -> None:
    for title, said in (("Tides", "twice a day"), ("Winds", "from the west")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, said
    made.core_properties.title = "The Sea"


def slide_with(fill: Callable[[Any], None]) -> bytes:
    return slides(lambda made: fill(made.slides.add_slide(made.slide_layouts[5])))


def slide_table(slide: Any) -> None:
    grid = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for place, said in enumerate(("Port", "Tide", "Brest", "7 m")):
        grid.cell(place // 2, place % 2).text = said


def slide_notes(slide: Any) -> None:
    slide.shapes.title.text = "Seen"
    slide.notes_slide.notes_text_frame.text = "say it slowly"


def slide_chart(slide: Any) -> None:
    data = CategoryChartData()
    data.categories = ["Brest", "Hull"]
    data.add_series("Height", (7.5, 5))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(3), Inches(3), data)


def slide_group(slide: Any) -> None:
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "in a group"


def opened(document: Any) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def writing() -> bytes:
    document = opendocument.OpenDocumentText()
    document.meta.addElement(dc.Title(text="The Tide"))
    document.text.addElement(text.H(outlinelevel=1, text="Notice"))
    paragraph = text.P(text="ten")
    paragraph.addElement(text.S(c=2))
    paragraph.addText("days")
    paragraph.addElement(text.Tab())
    note = text.Note(noteclass="footnote")
    body = text.NoteBody()
    body.addElement(text.P(text="at least"))
    note.addElement(text.NoteCitation(text="1"))
    note.addElement(body)
    paragraph.addElement(note)
    paragraph.addText("at most")
    document.text.addElement(paragraph)
    listed = text.List()
    item = text.ListItem()
    item.addElement(text.P(text="first item"))
    listed.addElement(item)
    document.text.addElement(listed)
    document.text.addElement(grid(("Port", "Tide"), ("Brest", "7 m")))
    return opened(document)


def changed() -> bytes:
    """Written text in which a word was deleted, with a comment and a box."""
    source = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><office:body><office:text>'
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>thirty</text:p></text:deletion>'
        '</text:changed-region></text:tracked-changes><text:p>period is <text:change text:change-id="c1"/>ninety days'
        "<office:annotation><dc:creator>Ada</dc:creator><text:p>is it?</text:p></office:annotation></text:p>"
        "<text:p>box<draw:frame><draw:text-box><text:p>in the box</text:p></draw:text-box></draw:frame></text:p>"
        "<text:p><text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とうきょう</text:ruby-text></text:ruby></text:p>"
        "</office:text></office:body></office:document-content>"
    )
    return packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": source})


def edges() -> bytes:
    document = opendocument.OpenDocumentText()
    layout = style.PageLayout(name="L")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Standard", pagelayoutname="L")
    for kind, said in ((style.Header, "on top"), (style.Footer, "below")):
        edge = kind()
        edge.addElement(text.P(text=said))
        master.addElement(edge)
    document.masterstyles.addElement(master)
    document.text.addElement(text.P(text="the body"))
    return opened(document)


def grid(*rows: tuple[str, ...], name: str = "") -> Any:
    made = table.Table(name=name) if name else table.Table()
    for row in rows:
        line = table.TableRow()
        for said in row:
            cell = table.TableCell(valuetype="string")
            if said:
                cell.addElement(text.P(text=said))
            line.addElement(cell)
        made.addElement(line)
    return made


def calc() -> bytes:
    document = opendocument.OpenDocumentSpreadsheet()
    document.spreadsheet.addElement(grid(("Port", "Fee"), ("Brest", "12,50"), ("Hull", "7"), name="Prices"))
    return opened(document)


def impress() -> bytes:
    document = opendocument.OpenDocumentPresentation()
    layout = style.PageLayout(name="L")
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(style.MasterPage(name="M", pagelayoutname="L"))
    for said in ("first slide", "second slide"):
        page = draw.Page(masterpagename="M")
        frame = draw.Frame(width="10cm", height="3cm")
        box = draw.TextBox()
        box.addElement(text.P(text=said))
        frame.addElement(box)
        page.addElement(frame)
        document.presentation.addElement(page)
    return opened(document)


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def novel(**more: str) -> bytes:
    """Two chapters, kept in another order than they are read in."""
    page = '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{}</h1><p>{}</p></body></html>'
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Sea</dc:title></metadata><manifest><item id="b" href="b%20b.xhtml"/><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "OEBPS/b b.xhtml": page.format("Winds", "from the west"),
            "OEBPS/a.xhtml": page.format("Tides", "twice a day"),
            **more,
        }
    )


def mail(fill: Callable[[EmailMessage], None]) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Die Größe", "Ada <ada@example.org>", "bob@example.org"
    fill(message)
    return message.as_bytes()


def alternatives(message: EmailMessage) -> None:
    message.set_content("plain words")
    message.add_alternative("<p>marked words</p>", subtype="html")


def marked_only(message: EmailMessage) -> None:
    message.set_content("<p>only <b>marked</b> words</p><p>über</p>", subtype="html", charset="iso-8859-1")


def attached(message: EmailMessage) -> None:
    message.set_content("see the file")
    message.add_attachment(pdf("inside the attachment"), maintype="application", subtype="pdf", filename="plan.pdf")


def forwarded(message: EmailMessage) -> None:
    message.set_content("see below")
    inner = EmailMessage()
    inner["Subject"] = "the first one"
    inner.set_content("what was said first")
    message.add_attachment(inner)


def rtf(feature: str, body: str, *says: str, silent: tuple[str, ...] = (), title: str | None = None) -> Cell:
    return Cell("rtf", feature, ("{\\rtf1\\ansi\\ansicpg1252" + body + "}").encode("ascii"), says, silent, title=title)


def scant(message: EmailMessage) -> None:
    message.set_content("Please view this as a page.")
    message.add_alternative("<table><tr><td>Invoice<td>4711</table>", subtype="html")


def bounced(message: EmailMessage) -> None:
    message.set_content("it failed")
    message.make_mixed()
    report = EmailMessage()
    report.set_type("message/delivery-status")
    report.set_payload([message_from_string("Final-Recipient: rfc822; ada@example.org\n")])
    message.attach(report)


def parts(*given: str) -> bytes:
    """A mail of several parts, each with its headers."""
    lines = ["Subject: parts", 'Content-Type: multipart/mixed; boundary="B"', ""]
    for part in given:
        lines += ["--B", part]
    return "\r\n".join([*lines, "--B--"]).replace("\n", "\r\n").replace("\r\r", "\r").encode()


FLOWED = b"Subject: f\r\nContent-Type: text/plain; format=flowed\r\n\r\nten days \r\nat least\r\n> were \r\n> asked\r\n"
NAMED = (
    "Content-Type: text/csv\nContent-Disposition: attachment; filename*0*=UTF-8''Ums%C3%A4; filename*1*=tze.csv\n\n"
    "Port;Fee\nBrest;12,5"
)
PACKED_MESSAGE = (
    "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogZGVlcA0KDQpEZWVwIHdvcmRzLg0K"
)
OLD_MAIL = (
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=latin1\r\n\r\n5 € für “dich”".encode(
        "cp1252"
    )
)
RECORDS = [{"port": "Brest", "tide": {"high": 7.5}}, {"port": "Hüll", "tags": ["a", "b"]}]

CELLS = [
    Cell("xlsx", "rows beside their header", book(prices), ("Prices", "Port: Brest; Fee: 12.5; Share: 19%; From: 2026-03-04", "Port: Hull; Fee: 7")),
    Cell("xlsx", "row and sheet", book(prices), ("Brest",), places=(("Port: Brest", PassagePlace(None, 2, "Prices")),)),
    Cell("xlsx", "results of formulas", book(formulas), ("What: all; Sum: 42", "What: true?; Sum: TRUE"), ("6*7",)),
    Cell("xlsx", "comments and boxes", book(notes), ("a: c; b: d", "half bold text", "Comment on B2: ask Ada", "boxed words")),
    Cell("xlsx", "hidden sheet", book(hidden), ("seen",), ("unseen",), warns="Sheet 2 is hidden"),
    Cell("xlsx", "title above", book(title_above), ("Stanley Cups", "Team: Blues; Cups: 1")),
    Cell("xlsx", "postcodes, hours, an empty column", book(kinds_of_numbers), ("Remarks", "Code: 01067; Hours: 30:00", "Code: 04103; Hours: 12:00")),
    Cell("xlsx", "chart", book(chart), ("Brest", "Tides by port")),
    Cell("pptx", "slides and titles", slides(two_slides), ("Tides", "twice a day", "Winds", "from the west"), title="The Sea", places=(("twice", PassagePlace(1, None, "Tides")), ("west", PassagePlace(2, None, "Winds")))),
    Cell("pptx", "table", slide_with(slide_table), ("Port | Tide\nBrest | 7 m",)),
    Cell("pptx", "notes", slide_with(slide_notes), ("Seen", "Notes: say it slowly")),
    Cell("pptx", "chart", slide_with(slide_chart), ("Height: Brest: 7.5; Hull: 5",)),
    Cell("pptx", "group", slide_with(slide_group), ("in a group",)),
    Cell("odt", "writing", writing(), ("Notice", "ten  days\tat most", "Footnote 1: at least", "first item", "Port | Tide\nBrest | 7 m"), title="The Tide", places=(("ten  days", PassagePlace(None, None, "Notice")),)),
    Cell("odt", "changes, comments, boxes, ruby", changed(), ("period is ninety days", "Comment by Ada: is it?", "box", "in the box", "東京(とうきょう)"), ("thirty",)),
    Cell("odt", "header and footer", edges(), ("on top", "the body", "below")),
    Cell("ods", "rows", calc(), ("Prices", "Port: Brest; Fee: 12,50", "Port: Hull; Fee: 7")),
    Cell("odp", "slides", impress(), ("first slide", "second slide"), places=(("second", PassagePlace(2)),)),
    rtf("letters and paragraphs", "Gr\\'fc\\'dfe {\\b bold}\\par next\\line line\\tab x", "Grüße bold", "next", "line\tx"),
    rtf("fonts of other alphabets", "{\\fonttbl{\\f0\\fcharset204 A;}{\\f1\\fcharset0 B;}{\\f2\\fcharset128 C;}}\\f0 \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2 \\f1 caf\\'e9 \\f2 \\'93\\'fa\\'96\\'7b", "Привет café 日本", silent=("A;",)),
    rtf("tracked changes", "period is {\\deleted 30}{\\revised 90} days", "period is 90 days", silent=("30",)),
    rtf("hidden text", "seen {\\v unseen} too", "seen  too", silent=("unseen",)),
    rtf("header, footer, notes", "{\\header on top\\par}body{\\footnote a note}\\par next\\par{\\footer below\\par}", "on top", "body", "Footnote 1: a note", "next", "below"),
    rtf("Unicode", "\\uc1 \\u8364?5 \\u26085\\'93\\u26412\\'fa \\emdash\\u-10179?\\u-8704?", "€5 日本 —😀"),
    rtf("fields and pictures", '{\\field{\\*\\fldinst HYPERLINK "x"}{\\fldrslt the link}} {\\pict\\pngblip 89504e47} end', "the link  end", silent=("HYPERLINK", "8950")),
    rtf("table", "\\trowd\\cellx1\\cellx2 a\\cell b\\cell\\row\\trowd c\\cell d\\cell\\row\\pard end", "a | b", "c | d", "end"),
    rtf("text told twice, and a box", "{\\upr{ansi}{\\*\\ud{\\u937 ?mega}}} {\\shp{\\*\\shpinst{\\shptxt boxed}}}after", "Ωmega", "boxed", "after", silent=("ansi", "boxedafter")),
    rtf("title and styles", "{\\info{\\title The Tide}{\\author x}}{\\stylesheet{\\s0 Normal;}}{\\*\\generator y;}text", "text", silent=("Normal", "author"), title="The Tide"),
    Cell("eml", "one of two ways to say it", mail(alternatives), ("Subject: Die Größe", "From: Ada <ada@example.org>", "plain words"), ("marked",), title="Die Größe"),
    Cell("eml", "marked text", mail(marked_only), ("only marked words", "über")),
    Cell("eml", "attachment", mail(attached), ("see the file", "Attachment: plan.pdf", "inside the attachment")),
    Cell("eml", "forwarded message", mail(forwarded), ("see below", "Subject: the first one", "what was said first")),
    Cell("eml", "latin1 means windows-1252", OLD_MAIL, ("Subject: Grüße", "5 € für “dich”")),
    Cell("eml", "a plain way that says nothing", mail(scant), ("Invoice | 4711",)),
    Cell("eml", "report of a failure", mail(bounced), ("it failed", "Final-Recipient: rfc822; ada@example.org")),
    Cell("eml", "lines that flow", FLOWED, ("ten days at least\n> were asked",)),
    Cell("eml", "bare letters in headers", "Subject: Grüße\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nSchöne Grüße".encode("latin-1"), ("Subject: Grüße", "Schöne Grüße"), title="Grüße"),
    Cell("eml", "Latin-2, letters quoted", b"Subject: =?iso-8859-2?Q?k=F9=F2?=\r\nContent-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=BElu=BBou=E8k=FD k=F9=F2", ("Subject: kůň", "žluťoučký kůň")),
    Cell("eml", "names in pieces", parts(NAMED), ("Attachment: Umsätze.csv", "Port: Brest; Fee: 12,5")),
    Cell("eml", "a packed message", parts(PACKED_MESSAGE), ("Subject: deep", "Deep words."), ("U3ViamV",)),
    Cell("epub", "chapters in their order", novel(), ("Tides", "twice a day", "Winds", "from the west"), title="The Sea", places=(("west", PassagePlace(None, None, "Winds")),)),
    Cell("json", "values by their way", json.dumps({"title": "Tides", "port": {"name": "Hüll", "tags": ["a", "b"]}, "open": True}).encode(), ("port.name: Hüll", "port.tags: a, b", "open: true"), title="Tides"),
    Cell("json", "records", json.dumps(RECORDS).encode(), ("port: Brest; tide.high: 7.5", "port: Hüll; tags: a, b"), places=(("Brest", PassagePlace(None, 1)),)),
    Cell("json", "numbers as they are written", b'{"fee": 12.50, "id": 12345678901234567890123, "none": NaN}', ("fee: 12.50", "id: 12345678901234567890123", "none: NaN")),
    Cell("jsonl", "a list over lines, with a mark", b'\xef\xbb\xbf[{"a": "one"},\n{"a": "two"}]', ("a: one", "a: two")),
    Cell("json", "what is no JSON", b"{'port': 'Brest'}", ("{'port': 'Brest'}",), warns="no JSON"),
    Cell("jsonl", "records by line", "\n".join(map(json.dumps, RECORDS)).encode(), ("port: Brest; tide.high: 7.5", "port: Hüll"), places=(("Brest", PassagePlace(None, 1)),)),
    Cell("jsonl", "a broken line", b'{"a": 1}\n{"b": \n{"c": 3}\n', ("a: 1", '{"b":', "c: 3"), warns="1 lines are no JSON"),
]  # fmt: skip
