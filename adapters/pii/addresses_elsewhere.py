"""Postal addresses in the forms of Russian and Japanese."""

from __future__ import annotations

import re

from adapters.pii.folding import fold
from adapters.pii.stretches import Found, spans

# The text that rules read is folded: letters that look like Latin ones are Latin in it, and so they are here.
_PLACE = fold("г|с|п|д|к|х|ст|клх|пос|обл|город|село|деревня|посёлок|поселок").text
_STREET = fold("ул|ш|пер|бул|наб|пр|алл|улица|шоссе|переулок|бульвар|набережная|проспект|площадь|пл|мкр").text
_FIRST = "".join(sorted({word[0] for word in f"{_PLACE}|{_STREET}".split("|")}))
_HOUSE, _PART = fold("д|дом").text, fold("к|стр|корп|кв|оф").text
_NAME = r"[^\W\d_][\w-]{0,30}+(?: [^\W\d_][\w-]{0,30}+){0,2}"
_RUSSIAN = re.compile(
    rf"[{_FIRST}](?<!\w.)[^\W\d_]{{0,9}}+\.? {_NAME}(?:, (?:{_STREET})\.? {_NAME})?"
    rf", (?:{_HOUSE})\.? ?[0-9]{{1,4}}(?:/[0-9]{{1,3}})?"
    rf"(?:,? (?:{_PART})\.? ?[0-9]{{1,4}}(?:/[0-9]{{1,3}})?){{0,3}}(?:, [0-9]{{6}})?"
)
"""A place or a street by its short word and a name, perhaps a street, a house, its parts, a postcode."""
_KANJI = "\u3005\u4e00-\u9fff"
_JAPANESE = re.compile(
    rf"[{_KANJI}](?<![{_KANJI}].)[{_KANJI}]{{1,2}}[都道府県][{_KANJI}\u3041-\u30fc]{{2,30}}?"
    rf"[0-9]{{1,3}}(?:(?:丁目|番地?|号|-)[0-9]{{0,3}}){{1,4}}(?: ?[{_KANJI}\u30a1-\u30fc]{{2,20}}[0-9]{{1,4}})?"
)


def addresses_elsewhere(text: str) -> Found:
    """Streets with a house; from a prefecture to a house."""
    if not text.isascii():
        yield from spans(_RUSSIAN, text, "address", 0.85)
        yield from spans(_JAPANESE, text, "address", 0.85)
