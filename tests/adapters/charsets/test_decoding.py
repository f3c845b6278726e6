"""Bytes of thirty and more languages in the encodings that files are found in: the right text, or none."""

from __future__ import annotations

import unicodedata

import pytest

from adapters.charsets.decoding import decode
from adapters.charsets.guessing import SAMPLE
from adapters.charsets.labels import codec_of, label_of
from domain.refusals import DocumentRefused
from tests.adapters.charsets.languages import LANGUAGES

UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
TONES = "\u0300\u0301\u0303\u0309\u0323"
SHORT = (
    "é", "El niño", "café 5 €", "“quoted” text", "Zoë", "10 °C ± 2", "Müller; Straße; 12,50 €", "ÄÖÜ", "JOSÉ",
    "Grüße aus Genève", "Zoë Müller, Peña, Gonçalves, Åse Bjørnstad, François", "Château d’Yquem – 500 £",
)  # fmt: skip


def written(text: str, encoding: str) -> bytes:
    """A text as a program that has only this encoding would keep it."""
    if encoding != "cp1258":
        return text.encode(encoding, "ignore")
    out = ""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tones = [one for one in parts if one in TONES]
        bare = unicodedata.normalize("NFC", "".join(one for one in parts if one not in TONES))
        out += letter if letter in "àâãèéêìíòóôõùúý" or not tones else bare + "".join(tones)
    return out.encode(encoding, "ignore")


def test_every_language_in_its_encodings_is_read_right() -> None:
    wrong, tried = [], 0
    for language, (encodings, text) in LANGUAGES.items():
        for encoding in (*encodings.split(), *UNICODE):
            body = written(text, encoding)
            tried += 1
            if decode(body).text != body.decode(encoding):
                wrong.append((language, encoding, decode(body).encoding))
    assert not wrong
    assert len(LANGUAGES) >= 30 and tried >= 350


def test_a_stretch_of_a_language_is_read_right_nearly_always() -> None:
    """Of 24 to 150 characters: what fits several encodings is taken for the commoner one, which may be wrong."""
    wrong, tried = [], 0
    for language, (encodings, text) in LANGUAGES.items():
        for encoding in encodings.split():
            for length in (24, 60, 150):
                body = written(text[length // 3 :][:length], encoding)
                if not body.isascii():
                    tried += 1
                    try:
                        right = decode(body).text == body.decode(encoding, "ignore")
                    except DocumentRefused:
                        continue
                    if not right:
                        wrong.append((language, encoding, length, decode(body).encoding))
    assert tried > 180
    assert len(wrong) <= 0.05 * tried, wrong


@pytest.mark.parametrize("text", SHORT)
def test_a_few_western_letters_are_windows_1252(text: str) -> None:
    assert decode(text.encode("cp1252")) == (text, "windows-1252", 0)


def test_the_whole_file_is_looked_at() -> None:
    body = b"a,b\n" * SAMPLE + "Größe".encode("cp1252")
    assert decode(body).text.endswith("Größe")
    line = ("漢字かな交じり文。" * SAMPLE).encode("euc_jp")
    assert decode(line).encoding == "euc-jp"


def test_what_was_not_written_by_anybody_is_refused() -> None:
    for body in (bytes(range(128, 256)) * 3, b"\x00\xff\xfe\x01" * 50):
        with pytest.raises(DocumentRefused):
            decode(body)


def test_labels_are_those_of_the_web() -> None:
    meant = {
        "latin1": "cp1252", "ISO-8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "x-sjis": "cp932",
        "windows-31j": "cp932", "x-cp1251": "cp1251", "ks_c_5601-1987": "cp949", "big5-hkscs": "big5hkscs",
    }  # fmt: skip
    assert {label: codec_of(label) for label in meant} == meant
    assert [codec_of(label) for label in ("utf-16", "replacement", "bogus", "rot13", "x-user-defined")] == [None] * 5
    assert [label_of(codec) for codec in ("cp1252", "mac-roman", "koi8-r", "utf-16-le")] == [
        "windows-1252", "macintosh", "koi8-r", "utf-16le",
    ]  # fmt: skip
