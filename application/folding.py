"""Text as words are compared: without case, accents, vowel marks and what is not seen, digits and kana of one kind."""

from __future__ import annotations

import re
import unicodedata

from application.normal_form import normal

# Marks that writers leave out or put in as they like: accents, Hebrew and Arabic vowels, nuktas of the Indian scripts.
# Not the vowel signs of Indian and South-East Asian scripts, without which other words are left.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0730-\u074a\u08d3-\u08e1\u08e3-\u08ff\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
# Soft hyphens, joiners, marks of direction, selectors of variants, byte order marks, fillers of Hangul.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_LETTERS = str.maketrans(
    {
        "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ŋ": "n",
        "ĸ": "k", "ɨ": "i", "ƀ": "b", "ǥ": "g",
        "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643",
        "\u0629": "\u0647", "\u06c1": "\u0647", "\u0671": "\u0627",
        "\u05f3": "'", "\u05f4": '"', "\u2019": "'", "\u02bc": "'", "\uff07": "'",
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-", "\ufe63": "-",
        # Katakana as hiragana.
        **{chr(code): chr(code - 0x60) for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)},
    }
)  # fmt: skip
_LONG_END = re.compile("(?<=[\u30a1-\u30fc]{2})\u30fc(?![\u30a1-\u30fc])")
"""The stroke for a long vowel at the end of a word in katakana, which one writes and another does not."""
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_UMLAUTS = frozenset("äöüøå")
_WORD = re.compile(r"\w+")
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_BROKEN = re.compile(r"(?<![^\W\d_])([^\W\d_]++)-[ \t]{0,8}+\r?\n[ \t]{0,8}+([^\W\d_]++)")


def fold(text: str) -> str:
    """The text in the form that words are compared in."""
    text = _INVISIBLE.sub("", text)
    if text.isascii():
        return text.casefold()
    text = _LONG_END.sub("", normal("NFKC", text)).casefold()
    text = _MARKS.sub("", normal("NFKD", text))
    text = normal("NFC", text).translate(_LETTERS)
    return _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0], digit[0])), text)


def rejoined(folded: str) -> list[str]:
    """The words of a folded text that the ends of its lines have broken, whole."""
    return [before + after for before, after in _BROKEN.findall(folded)] if "-" in folded else []


def spelled_out(text: str) -> list[str]:
    """The words of a text that have umlauts, with two letters for each, as they are typed where there is no key."""
    words = _WORD.findall(_INVISIBLE.sub("", normal("NFC", text)).casefold())
    return [word.translate(_SPELLED) for word in words if not _UMLAUTS.isdisjoint(word)]
