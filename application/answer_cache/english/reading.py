"""Reads an English question for the guard of the semantic cache, and tells English from other languages."""

from __future__ import annotations

import re

from application.answer_cache.english.grammar import Reading, parse_question
from application.answer_cache.english.phrases import bare, rewritten
from application.answer_cache.english.words import CLEARLY_ENGLISH, ENGLISH, GRAMMAR, OTHER_LANGUAGES
from application.normal_form import normal

_WORD = re.compile(r"(?<!\W)(\W*+)\w++")
_SENTENCE_ENDS = re.compile(r"[.!?:]\s")
_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s.?!,;:'\"¿¡]")
_CAPITALS = re.compile(r"\b[A-Z]\w*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_CLOCK = re.compile(r"\b(\d{1,2}(?:[:.]\d{2})?) ?([ap])\.?m\b\.?")


def plain_words(text: str) -> list[str]:
    """The words and signs of a text of any language, in small letters, for the strict comparison."""
    return _WORD_OR_SIGN.findall(normal("NFKC", text).casefold())


def is_english(text: str) -> bool:
    """Whether it is surely English: an English function word, and none of another language."""
    words = set(plain_words(text))
    letters = [letter for letter in text if letter.isalpha()]
    mostly_ascii = sum(letter.isascii() for letter in letters) >= 0.95 * len(letters)
    return mostly_ascii and bool(words & CLEARLY_ENGLISH or words & ENGLISH) and not words & OTHER_LANGUAGES


def read_question(text: str) -> Reading:
    """What it says. Nothing of it is remembered: a question is private."""
    small, names = _small(text)
    return parse_question(rewritten(bare(small)), names)


def _small(text: str) -> tuple[str, frozenset[str]]:
    """The text in small letters, and its names. A name that looks like a word of grammar (`May`, `US`, `IT`, team `A`)
    is marked, so that it is not taken for one."""
    text = normal("NFKC", text).replace("’", "'").replace("`", "'").strip()
    text = _THOUSANDS.sub("", text)
    words = _WORD.finditer(text)
    starts = {word.end() for word in words if not word.start() or _SENTENCE_ENDS.search(word[1])}
    shouted = text.upper() == text
    names: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        word, small = match.group(), match.group().lower()
        acronym = len(word) > 1 and word.isupper()
        if word == "I" or shouted or (match.end() in starts and not acronym):
            return small
        names.add(small)
        return f"^{small}" if small in GRAMMAR else small

    return _CLOCK.sub(r"\1\2m", _CAPITALS.sub(mark, text).lower()), frozenset(names)
