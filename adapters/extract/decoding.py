"""Bytes to text that every store can keep."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from domain.refusals import DocumentRefused

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAMPLE = 200_000
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
SURROGATE = re.compile("[\ud800-\udfff]")


def decode(body: bytes) -> str:
    """The text of a file of unknown encoding: a byte order mark, else UTF-8, else the likeliest other one."""
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return clean(body.decode(encoding, errors="replace"))
    try:
        return clean(body.decode())
    except UnicodeDecodeError:
        return clean(body.decode(_guess(body), errors="replace"))


def _guess(body: bytes) -> str:
    """The likeliest encoding. Western Windows wins a tie: short texts fit several, and it is the commonest by far."""
    matches = from_bytes(body[:SAMPLE])
    best = matches.best()
    if best is None:
        raise DocumentRefused("unreadable", "The text is in no encoding that could be recognised.")
    if any(match.encoding == "cp1252" and match.chaos <= best.chaos for match in matches):
        return "cp1252"
    return str(best.encoding)


def clean(text: str) -> str:
    """One kind of line end; no NUL or other control character; no half of a surrogate pair."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return SURROGATE.sub("\ufffd", FORBIDDEN.sub("", text))
