"""Whether decoded text could have been written: the letters beyond ASCII that languages and scripts use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from application.normal_form import normal

ALPHABETS: dict[str, tuple[str, ...]] = {
    "western": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüç", "áâãàçéêíóôõúü", "àèéìíîòóùú", "áàäçéèêëíïóöúü", "æøåéèêóòôäöü",
        "åäöéèàüšžáóæø", "áéíóúýðþæö", "àçèéíïòóúü", "çë",
    ),
    "central": ("ąćęłńóśźżéü", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýžě", "áéíóöőúüű", "ăâîşţșțé", "čćđšž", "äöüßé"),
    "turkish": ("çğıöşüâîû",),
    "baltic": ("ąčęėįšųūž", "āčēģīķļņšūžŗō", "õäöüšžé"),
    "vietnamese": ("àáâãăđèéêìíòóôõơùúưýạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",),
}  # fmt: skip
"""Small letters, a language each, by the family of code pages that were made for them."""
WESTERN = frozenset("äöüßàâæçéèêëîïôœùûñáíóúãõåøìò")
"""What a text that names people of several western countries holds."""
SIGNS = frozenset("“”‘’„‚–—…€«»•·°§©®™½¼¾²³¹±×÷µ¿¡ªº£¥¢‹›†‡‰¶´`¨¦¬¤\u00a0\u00ad−№،؛؟־״׳฿\u200c\u200d\u200e\u200f")
"""What stands in texts besides letters."""
MARKED_WORD = re.compile("[^\\W\\d_][½¼¾²³±×÷µ¿¡ªº£¥¶¨¹¢¦¬¤°§©®•„‚‹†‡‰][^\\W\\d_]")
"""A sign in the middle of a word is a letter that was misread."""
UNREADABLE = re.compile("[\x80-\x9f\ufffd\ue000-\uf8ff]")
SPOKEN = 0.9
"""Of the letters beyond ASCII so many are of the script that the encoding was made for."""
ALPHABETIC = frozenset(("greek", "cyrillic", "hebrew", "arabic", "thai"))
TWO_SCRIPTS = re.compile("[A-Za-z][\u0370-\u0eff]|[\u0370-\u0eff][A-Za-z]")
CAPITAL_INSIDE = re.compile("[\u0430-\u045f\u03ac-\u03ce][\u0391-\u03ab\u0401-\u042f]")
MOST_CAPITALS_INSIDE = 1 / 40
TURKISH_SEEN_AS_ICELANDIC, ICELANDIC = frozenset("ýþð"), frozenset("áéíóúæ")
"""Letters that stand at the places of Turkish ones; who writes Icelandic writes some of the others too."""


def could_be(text: str, family: str) -> bool:
    """Whether a text is written with the alphabet of one language of a family of Latin ones, or in a script
    ("greek")."""
    if family not in ALPHABETS:
        return is_clean(text) and _of_script(text, family)
    letters = letters_of(text)
    if family == "western" and letters & TURKISH_SEEN_AS_ICELANDIC and not letters & ICELANDIC:
        return False
    return is_clean(text) and any(letters <= set(alphabet) for alphabet in ALPHABETS[family])


def is_clean(text: str) -> bool:
    """Whether it holds letters, and signs where signs stand, and nothing else beyond ASCII."""
    if UNREADABLE.search(text) or MARKED_WORD.search(text):
        return False
    odd = set(filter(_beyond, text))
    return all(one.isalnum() or unicodedata.category(one)[0] == "M" or one in SIGNS or one >= "\u3000" for one in odd)


def letters_of(text: str) -> set[str]:
    """The letters beyond ASCII, small."""
    composed = set(filter(_beyond, normal("NFC", text)))
    return {"ı" if one == "İ" else one.lower() for one in composed if one.isalpha()}


def _of_script(text: str, script: str) -> bool:
    """Whether what is not ASCII in a text is of one script, and no word mixes an alphabet with another."""
    letters = [one for one in text if _beyond(one) and one.isalpha()]
    if not letters or (script in ALPHABETIC and TWO_SCRIPTS.search(text)):
        return False
    if len(CAPITAL_INSIDE.findall(text)) > MOST_CAPITALS_INSIDE * len(letters):
        return False
    return sum(map(SCRIPTS[script], letters)) >= SPOKEN * len(letters)


def _beyond(character: str) -> bool:
    return character > "\x7f"


def _between(*ranges: tuple[int, int]) -> Callable[[str], bool]:
    return lambda character: any(first <= ord(character) <= last for first, last in ranges)


IDEOGRAPHS, IDEOGRAPHIC_SIGNS, WIDE = (0x4E00, 0x9FFF), (0x3000, 0x303F), (0xFF00, 0xFFEF)
SCRIPTS: dict[str, Callable[[str], bool]] = {
    "greek": _between((0x370, 0x3FF)),
    "cyrillic": _between((0x400, 0x45F), (0x490, 0x491)),
    "hebrew": _between((0x5B0, 0x5EA)),
    "arabic": _between((0x600, 0x6FF)),
    "thai": _between((0xE00, 0xE7F)),
    "japanese": _between((0x3000, 0x30FF), IDEOGRAPHS, WIDE),
    "chinese": _between(IDEOGRAPHIC_SIGNS, IDEOGRAPHS, WIDE),
    "korean": _between((0xAC00, 0xD7A3), IDEOGRAPHIC_SIGNS, (0x3130, 0x318F), WIDE),
}
