"""What each kind of file says, and which files are refused."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.extract.kinds import CSV, DOCX, HTML, MARKDOWN, OLE_MAGIC, PDF, TEXT
from adapters.extract.reading import read
from adapters.extract.splitting import PASSAGE, split
from domain.refusals import DocumentRefused
from tests.adapters.extract.files import pdf, word, word_changed, word_with

RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'


def text_of(kind: str, body: bytes) -> str:
    return read(kind, body, 10).text


def reason(kind: str, body: bytes, max_pages: int = 10) -> str:
    with pytest.raises(DocumentRefused) as refused:
        read(kind, body, max_pages)
    return refused.value.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_any_encoding(encoding: str) -> None:
    assert text_of(TEXT, "Grüße aus Genève: 5 € für café".encode(encoding)) == "Grüße aus Genève: 5 € für café"


def test_text_in_cyrillic_and_japanese_code_pages() -> None:
    russian = "Это длинное предложение на русском языке о погоде и о море. " * 5
    assert "русском языке" in text_of(TEXT, russian.encode("cp1251"))
    japanese = "これは日本語の文章です。海と天気についての長い話です。" * 5
    assert "日本語の文章" in text_of(TEXT, japanese.encode("shift_jis"))


def test_what_no_store_keeps_is_dropped() -> None:
    assert text_of(TEXT, b"one\x00two\r\nthree\x07\rfour") == "onetwo\nthree\nfour"


def test_markdown_takes_its_first_heading_for_title() -> None:
    extracted = read(MARKDOWN, b"intro\n\n# The Tide #\n\ntext\n\n# Another", 10)
    assert extracted.title == "The Tide"
    assert extracted.text.startswith("intro")


def test_html_is_told_block_by_block() -> None:
    page = b"""<html><head><title> Sea &amp;  Sky </title><style>p{}</style></head><body><script>alert(1)</script>
      <h1>Sea</h1><p>First <b>bold</b>\n  text.</p>after<ul><li>one<li>two</ul>
      <table><tr><th>Port<th>Tide</tr><tr><td>Brest<td>7 m</tr></table>a<br>b<noscript>no</noscript></body></html>"""
    extracted = read(HTML, page, 10)
    assert extracted.title == "Sea & Sky"
    assert extracted.text == (
        "Sea\n\nFirst bold text.\n\nafter\n\none\ntwo\n\nPort | Tide\nBrest | 7 m\n\na\nb"
    )  # fmt: skip


def test_html_says_its_own_encoding() -> None:
    assert text_of(HTML, '<meta charset="iso-8859-2"><p>Łódź'.encode("iso-8859-2")) == "Łódź"


def test_csv_rows_stand_beside_their_headers() -> None:
    assert text_of(CSV, b"name;tide\nBrest;7 m\n\nHull;;extra\n") == "name: Brest; tide: 7 m\nname: Hull; extra"
    assert text_of(CSV, b'a,b\n"x, y","two\nlines"') == "a: x, y; b: two lines"


def test_pdf_pages_and_title() -> None:
    extracted = read(PDF, pdf("Page one", "Page two", title="The Tide"), 10)
    assert (extracted.title, extracted.text) == ("The Tide", "Page one\n\nPage two")


def test_word_keeps_the_order_of_paragraphs_and_tables() -> None:
    extracted = read(DOCX, word("Hello", "World", title="The Tide", table=[["Port", "Tide"], ["Brest", "7 m"]]), 10)
    assert extracted.title == "The Tide"
    assert extracted.text == "Hello\n\nWorld\n\nPort | Tide\nBrest | 7 m\n\nafter the table"


def test_a_pdf_that_only_its_owner_restricts_is_read() -> None:
    assert text_of(PDF, pdf("open", owner_password="secret")) == "open"


def test_refusals() -> None:
    assert reason(PDF, pdf("x", password="secret")) == "password_protected"
    assert reason(PDF, pdf(*"abc"), max_pages=2) == "too_many_pages"
    assert reason(PDF, b"%PDF-1.7 and then nothing") == "unreadable"
    assert reason(PDF, pdf("cut short")[:300]) == "unreadable"
    assert reason(PDF, pdf("")) == "unreadable"
    assert reason(TEXT, b" \n\n ") == "unreadable"
    assert reason(HTML, b"<html><body><script>x</script>") == "unreadable"
    assert reason(DOCX, word("x")[:500]) == "unreadable"
    assert reason(DOCX, b"PK\x03\x04word/") == "unreadable"
    assert reason(DOCX, OLE_MAGIC + "EncryptedPackage".encode("utf-16-le")) == "password_protected"


CONTENT_TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">%s</Types>'
MACRO_FREE = b'<Override PartName="/word/document.xml" ContentType="%s"/>'
MACROS: dict[str, dict[str, bytes]] = {
    "a project": {"word/vbaProject.bin": b"x"},
    "a project in capitals": {"WORD/VBAPROJECT.BIN": b"x"},
    "a project elsewhere": {"customXml/vbaProject.bin": b"x"},
    "its data alone": {"word/vbaData.xml": b"<wne:vbaSuppData/>"},
    "its signature": {"word/vbaProjectSignature.bin": b"x"},
    "its part under another name": {
        "word/font.bin": b"x",
        "word/_rels/document.xml.rels": RELATIONS
        % b'<Relationship Id="r7" Type="http://schemas.microsoft.com/x/vbaProject" Target="font.bin"/>',
    },
    "a type of macros": {
        "[Content_Types].xml": CONTENT_TYPES % MACRO_FREE % b"application/vnd.ms-word.document.macroEnabled.main+xml",
    },
    "a type of macros in UTF-16": {
        "[Content_Types].xml": (
            CONTENT_TYPES % MACRO_FREE % b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml"
        )
        .decode()
        .encode("utf-16"),
    },
    "a workbook with macros inside": {"word/embeddings/Microsoft_Excel_Sheet1.xlsm": b"PK"},
    "a document with macros inside": {"word/embeddings/x.DOCM": b"PK"},
    "old macros of a workbook": {"xl/macrosheets/sheet1.xml": b"<x/>"},
}


@pytest.mark.parametrize("parts", MACROS.values(), ids=MACROS.keys())
def test_a_word_document_must_hold_no_macros(parts: dict[str, bytes]) -> None:
    assert reason(DOCX, word_changed(parts)) == "archive_unsafe"


def test_a_word_document_may_speak_of_macros() -> None:
    assert "vbaProject" in text_of(DOCX, word("vbaProject.bin and macroEnabled documents are refused"))
    assert text_of(DOCX, word_changed({"word/embeddings/Microsoft_Excel_Sheet1.xlsx": b"PK"}))


def test_a_word_document_must_not_be_a_bomb_or_reach_out() -> None:
    assert reason(DOCX, word_with(word__media__big_xml=b"\x20" * 10_000_000)) == "archive_unsafe"
    assert reason(DOCX, word_with(**{f"word__x{n}_bin": b"" for n in range(2_001)})) == "archive_unsafe"
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert reason(DOCX, word_with(word__settings_xml=entity)) == "archive_unsafe"
    assert reason(DOCX, word_with(word__settings_xml=entity.decode().encode("utf-16"))) == "archive_unsafe"
    template = (
        RELATIONS
        % b'<Relationship Id="r1" Type="http://x/attachedTemplate" Target="http://evil/" TargetMode="External"/>'
    )
    assert reason(DOCX, word_with(word___rels__settings_xml_rels=template)) == "external_reference"
    link = RELATIONS % b'<Relationship Id="r9" Type="http://x/hyperlink" Target="http://ok/" TargetMode="External"/>'
    assert "text" in text_of(DOCX, word_with(word___rels__settings_xml_rels=link))


@given(st.text(max_size=5_000), st.booleans())
def test_passages_are_the_text_at_their_place(text: str, markdown: bool) -> None:
    spans = split(text, markdown=markdown)
    assert all(0 < end - start <= PASSAGE for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {place for start, end in spans for place in range(start, end)}
    assert all(place in covered or re.match(r"\s|\W", character) for place, character in enumerate(text))
