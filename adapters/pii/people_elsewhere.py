"""Names of persons in Cyrillic, by their patronymic or a word before them, and in Japanese, by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.pii.folding import fold
from adapters.pii.stretches import Found, found, spans
from application.ports.models.detector import Span

# The text that rules read is folded: letters that look like Latin ones are Latin in it, and so they are here.
_UP = fold("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЭЮЯІЇЄҐ").text
_LOW = fold("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ").text
_WORD = f"[{_UP}][{_LOW}]{{1,30}}+(?:-[{_UP}][{_LOW}]{{1,30}}+)?+"
_PATRONYMIC = re.compile(rf"(?:{fold('ович|евич|ич|овна|евна|ична|івна|їч').text})\Z")
_WORDS = "ФИО|имя|фамилия|зовут|клиент|клиентка|уважаемый|уважаемая|господин|госпожа|уважением|это|прізвище"
_NAMED = re.compile(rf"(?:{fold(_WORDS).text})" r"[\s:,\"]{1,4}\Z", re.IGNORECASE)
_CYRILLIC = re.compile(rf"[{_UP}](?<!\w.)[{_LOW}]{{1,30}}+(?:-{_WORD})?(?: {_WORD}){{1,2}}+(?!\w)")
_KANJI = "\u3005\u4e00-\u9fff"
_KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc"
_JAPANESE = re.compile(
    rf"[{_KANJI}](?<![^\W].)(?:[{_KANJI}]{{0,3}}+) [{_KANJI}{_KANA}]{{1,5}}?"
    r"(?=(?:と申|様|さん|氏|君|です|より)|[^\w]|\Z)"
)
_OTHER = re.compile(r"[\u0400-\u04ff\u4e00-\u9fff]")
REACH = 24
"""How far before a name the word may stand that introduces it, in characters."""


def people_elsewhere(text: str) -> Found:
    """Names of two or three words."""
    if text.isascii() or not _OTHER.search(text):
        return
    yield from found(_CYRILLIC, text, _russian)
    yield from spans(_JAPANESE, text, "person", 0.7)


def _russian(match: re.Match[str]) -> Iterator[Span]:
    if match[0].isascii():
        return
    before = max(0, match.start() - REACH)
    if any(map(_PATRONYMIC.search, match[0].split())) or _NAMED.search(match.string, before, match.start()):
        yield Span("person", *match.span(), 0.8)
