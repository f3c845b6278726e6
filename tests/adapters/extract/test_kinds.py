"""A file is what its bytes say, and its name must not say otherwise."""

from __future__ import annotations

import pytest

from adapters.extract.kinds import CSV, DOCX, HTML, MARKDOWN, PDF, TEXT, sniff
from domain.refusals import DocumentRefused, UnsupportedMediaType
from tests.adapters.extract.files import pdf, word

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.txt", b"plain", TEXT),
        ("a.TXT", "naïve".encode("cp1252"), TEXT),
        ("a.txt", "wide".encode("utf-16"), TEXT),
        ("README", b"# A readme", TEXT),
        ("a.md", b"# Title", MARKDOWN),
        ("a.md", b"<html>in markdown</html>", MARKDOWN),
        ("a.csv", b"a,b\n1,2", CSV),
        ("a.html", b"\xef\xbb\xbf<!-- note --> <!DOCTYPE html><p>", HTML),
        ("fragment.htm", b"<p>no head", HTML),
        ("page", b"<html><body>", HTML),
        ("a.pdf", pdf("x"), PDF),
        ("noname", pdf("x"), PDF),
        ("a.docx", word("x"), DOCX),
    ],
)
def test_kinds_that_are_read(name: str, body: bytes, kind: str) -> None:
    assert sniff(name, body) == kind


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.pdf", b"I am no PDF"), ("a.pdf", word("x")), ("a.txt", pdf("x")), ("a.docx", b"text"), ("a.txt", PNG),
        ("a.docx", pdf("x")), ("a.md", word("x")), ("a.csv", b"<!doctype html>"), ("a.html", PNG),
        ("a.txt", b"\x00\x01\x02\x03"), ("a.xlsx", b"PK\x03\x04"), ("a.xlsx", word("x")),
    ],
)  # fmt: skip
def test_a_name_that_lies(name: str, body: bytes) -> None:
    with pytest.raises(DocumentRefused) as refused:
        sniff(name, body)
    assert refused.value.reason == "type_mismatch"


@pytest.mark.parametrize(
    ("name", "body"),
    [("a.png", PNG), ("a.exe", b"MZ\x90\x00"), ("noname", PNG), ("a.py", b"x")],
)
def test_kinds_that_are_not_read(name: str, body: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        sniff(name, body)


def test_an_empty_file() -> None:
    with pytest.raises(DocumentRefused) as refused:
        sniff("a.txt", b"")
    assert refused.value.reason == "empty_file"


def test_a_head_made_to_confuse_is_judged_at_once() -> None:
    assert sniff("a.txt", b"<!--" * 2_000) == TEXT
    assert sniff("a.txt", b"<!---->" * 1_000) == TEXT
