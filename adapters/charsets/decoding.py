"""Bytes to text: by a mark, as UTF-8 though a few bytes are bad, as stated, or by evidence; and which encoding."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from adapters.charsets.guessing import guess
from adapters.charsets.labels import codec_of, label_of
from adapters.charsets.unmarked import unmarked_utf
from domain.refusals import DocumentRefused

MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (b"\x84\x31\x95\x33", "gb18030"),
)  # fmt: skip
"""UTF-32 before UTF-16, whose mark it begins with."""
ESCAPES = (
    (re.compile(rb"\x1b\$[@B]|\x1b\(J"), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}"), "hz"),
)
"""Seven bits that are no ASCII."""
SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""A character beyond ASCII in UTF-8 (RFC 3629)."""
BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
CUT_OFF = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
GOOD_FOR_ONE_BAD = 2
COMMON = re.compile("[\u00c0-\u017f\u2010-\u2044\u20ac]")
FEW_BAD = 1 / 200


class Decoded(NamedTuple):
    """Text, the encoding that it was in (as WHATWG calls it), and how many of its bytes stood for nothing there."""

    text: str
    encoding: str
    damaged: int = 0


def decode(body: bytes, stated: str | None = None) -> Decoded:
    """A file's text. `stated` is what it, or whoever sent it, calls its encoding. `DocumentRefused` (`unreadable`)
    where there is no evidence for any: no text is better than a wrong one."""
    for mark, codec in MARKS:
        if body.startswith(mark):
            return _as(body[len(mark) :], codec)
    for pattern, codec in ESCAPES:
        if pattern.search(body) and (found := _strictly(body, codec)):
            return found
    if b"\0" in body and (wide := unmarked_utf(body)):
        return _as(body, wide)
    if found := _strictly(body, "utf-8"):
        return found
    return _unlike_unicode(body, stated)


def _unlike_unicode(body: bytes, stated: str | None) -> Decoded:
    if is_utf8_with_faults(body):
        return _as(body, "utf-8")
    codec = codec_of(stated) if stated else None
    if codec and codec != "utf-8":
        found = _as(body, codec)
        if found.damaged <= 1 + FEW_BAD * len(found.text):
            return found
    likeliest = guess(body) or unmarked_utf(body)
    if likeliest is None:
        raise _unknown()
    found = _as(body, likeliest)
    if found.damaged > 1 + FEW_BAD * len(found.text):
        raise _unknown()
    return found


def is_utf8_with_faults(body: bytes) -> bool:
    """Whether bytes that are not all UTF-8 are nearly so: a stray byte, or an end inside a character."""
    cut = CUT_OFF.search(body[-3:])
    rest, good = SEQUENCE.subn(b"", body[: len(body) - len(cut[0])] if cut else body)
    bad = sum(1 for _ in BEYOND_ASCII.finditer(rest))
    if good == 0 or bad > good:
        return False
    return good >= GOOD_FOR_ONE_BAD * bad or all(COMMON.match(one[0].decode()) for one in SEQUENCE.finditer(body))


def _strictly(body: bytes, codec: str) -> Decoded | None:
    try:
        return Decoded(body.decode(codec), label_of(codec))
    except UnicodeDecodeError:
        return None


def _as(body: bytes, codec: str) -> Decoded:
    text = body.decode(codec, "replace")
    own = body.count(b"\xef\xbf\xbd") if codec == "utf-8" else 0
    return Decoded(text, label_of(codec), text.count("\ufffd") - own)


def _unknown() -> DocumentRefused:
    return DocumentRefused("unreadable", "The text is in no encoding that could be recognised; save it as UTF-8.")
