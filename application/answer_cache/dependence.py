"""Reads from a question whether its answer hangs on who asks, or on when.

Only what surely does not is shared. In doubt it does: then the answer is made anew, which costs money and nothing else.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from application.answer_cache import dependence_words as words
from application.normal_form import normal
from domain.dependence import EVERYTHING, Dependence

MOST_READ = 8_000
"""Characters of a question; what is longer is not read, and taken to hang on everything."""


def dependence_of(question: str) -> Dependence:
    """What the answer to a question hangs on, as far as its words tell. Linear in its length."""
    text = folded(question) if len(question) <= MOST_READ else ""
    if not text or len(text) > MOST_READ:  # there are letters that stand for many
        return EVERYTHING
    said = _Said(text)
    return Dependence(personal=_is_personal(said, question), live=_is_live(said), effects=False)


class _Said:
    """A text taken apart: its words in order, with a stop behind each sentence; the same as a line with blanks between
    them; and which words there are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [_STOP if token[0] in _STOPS else token.rstrip("'") for token in _TOKEN.findall(text)]
        self.words.append(_STOP)
        self.heard = frozenset(self.words)
        if "'" in text:
            self.heard |= frozenset(_ELIDED.findall(text))
        self.line = f" {' '.join(self.words)} "


def folded(text: str) -> str:
    """The text in small letters without accents, with one kind of apostrophe, and without what nobody sees."""
    if text.isascii():
        return text.lower().replace("`", "'")
    plain = normal("NFKC", text).translate(_SPELLED).casefold()
    bare = _ACCENTS.sub("", normal("NFD", plain))
    return normal("NFC", bare).translate(_SPELLED)


_SPELLED = str.maketrans(
    dict.fromkeys("’‘`´ʼ", "'")
    | {"İ": "i", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", "")
)  # fmt: skip
_ACCENTS = re.compile(r"[\u0300-\u036f]++")
_STOP, _STOPS = ".", frozenset(".!?;\n。！？؟।")
_TOKEN = re.compile(
    r"[.!?;\n。！？؟।]++"
    r"|[^\s\x00-/:-@\[-`{-\xbf\u2010-\u2027\u2030-\u205e\u3000-\u303f\u060c\u061b\u061f\u0964\uff01\uff1f]++'?"
)
_ELIDED = re.compile(r"\b[a-z]++'(?=[a-z])")
_SET_TOGETHER = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DAY_WITHOUT_YEAR = re.compile(r"(?<!\d)\d{1,2}\s?[月/]\s?\d{1,2}\s?[日号號]|(?<![\d.])\d{1,2}\.\s?\d{1,2}\.(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class _Table(msgspec.Struct, frozen=True):
    """Entries as `dependence_words` writes them, ready to be looked for: words, beginnings of words by their first
    letters, and several words in a row by the first of them."""

    words: frozenset[str]
    stems: dict[str, tuple[str, ...]]
    phrases: dict[str, tuple[str, ...]]

    def is_in(self, heard: frozenset[str], line: str) -> bool:
        """Whether one of them stands in a line with these words."""
        if not self.words.isdisjoint(heard):
            return True
        if any(phrase in line for first in self.phrases.keys() & heard for phrase in self.phrases[first]):
            return True
        return any(word.startswith(self.stems.get(word[:_HEAD], _NONE)) for word in heard)


_HEAD, _NONE = 3, ("\0",)


def _table(*lines: str) -> _Table:
    entries = [folded(entry.strip()) for line in lines for entry in line.split(",")]
    stems: dict[str, tuple[str, ...]] = {}
    phrases: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if " " in entry or entry.endswith("$"):
            first = entry.split()[0]
            end = {"*": "", "$": f" {_STOP} "}.get(entry[-1], " ")
            phrases[first] = (*phrases.get(first, ()), f" {entry.rstrip('*$')}{end}")
        elif entry.endswith("*"):
            stems[entry[:_HEAD]] = (*stems.get(entry[:_HEAD], ()), entry[:-1])
    return _Table(frozenset(entry for entry in entries if " " not in entry and entry[-1] not in "*$"), stems, phrases)


def _set(line: str) -> frozenset[str]:
    return frozenset(folded(line).split())


_WHO, _MOMENT = _table(*words.WHO), _table(*words.MOMENT)
_WHO_WITHIN, _US_WITHIN = tuple(_set(words.WHO_WITHIN)), tuple(_set(words.US_WITHIN))
_MOMENT_WITHIN = tuple(_set(words.MOMENT_WITHIN))
_DOUBTFUL = {word: (_set(unless), _set(yet)) for word, (unless, yet) in words.DOUBTFUL.items()}
_HOW_TO = tuple(f" {folded(entry.strip())} " for entry in words.HOW_TO.split(","))
_COURTESY = tuple(f" {folded(entry.strip())} " for entry in words.COURTESY.split(","))
_NO_WAY, _MONTHS, _NOT_A_TIME = _set(words.NO_WAY), _set(words.MONTHS), _set(words.NOT_A_TIME)
_TELLING, _TIMES = map(_set, words.THIS_TIME)
_TURKISH, _NOT_MINE, _NOT_ME = _set(words.TURKISH), _set(words.NOT_MINE), _set(words.NOT_ME)
_SUBJECTS = _set("i ich je io yo eu ik ja")


def _is_personal(said: _Said, question: str) -> bool:
    if not question.isascii():
        alone = said.text
        for us in _US_WITHIN:
            alone = alone.replace(us, "")
        if _SET_TOGETHER.search(alone) and any(me in alone for me in _WHO_WITHIN):
            return True
        if any(_is_arabic_mine(word) for word in said.heard):
            return True
    turkish = not _TURKISH.isdisjoint(said.heard) or any(letter in question for letter in "ğşıĞŞİ")
    if turkish and any(_is_turkish_mine(word) for word in said.heard):
        return True
    if not _speaks_of_oneself(said.heard, said.line):
        return False
    return any(_is_about_oneself(sentence) for sentence in said.line.split(f" {_STOP} "))


def _speaks_of_oneself(heard: frozenset[str], line: str) -> bool:
    return _WHO.is_in(heard, line) or any(_is_meant(word, heard) for word in _DOUBTFUL.keys() & heard)


def _is_meant(word: str, heard: frozenset[str]) -> bool:
    unless, yet = _DOUBTFUL[word]
    return not yet.isdisjoint(heard) or not ("*" in unless or not unless.isdisjoint(heard))


def _is_about_oneself(sentence: str) -> bool:
    """Whether whoever speaks of themselves in a sentence asks about themselves, and not only for an answer or a way of
    doing something. Who speaks of themselves beside that, or asks how they stand, does."""
    line = f" {sentence.strip()} "
    for phrase in _COURTESY:
        line = line.replace(phrase, " ")
    if not _speaks(line):
        return False
    way = next((way for way in _HOW_TO if way in line), None)
    if way is None:
        return True
    before, _, after = line.partition(way)
    rest = after.split()
    return not rest or rest[0] in _NO_WAY or not _SUBJECTS.isdisjoint(rest) or _speaks(f"{before} ")


def _speaks(line: str) -> bool:
    said = line.split()
    return _speaks_of_oneself(frozenset(said) | frozenset(f"{word}'" for word in said if len(word) == 1), line)


def _is_turkish_mine(word: str) -> bool:
    return len(word) > 3 and word[-1] == "m" and word[-2] in "aeiou" and word not in _NOT_MINE


def _is_arabic_mine(word: str) -> bool:
    own = len(word) > 3 and word[-1] == "ي" and not word.startswith(("ال", "بال", "وال", "لل"))
    return own and word not in _NOT_ME


def _is_live(said: _Said) -> bool:
    heard = said.heard
    if _SET_TOGETHER.search(said.text) and any(now in said.text for now in _MOMENT_WITHIN):
        return True
    if "next" in heard and all(word in _NOT_A_TIME for word in _after("next", said.words)):
        heard = heard - {"next"}
    if _MOMENT.is_in(heard, said.line):
        return True
    if any(time in _TIMES for telling in _TELLING & heard for time in _after(telling, said.words)):
        return True
    return _names_a_day(said) and not _YEAR.search(said.text)


def _names_a_day(said: _Said) -> bool:
    """Whether there is a day of a month."""
    if _DAY_WITHOUT_YEAR.search(said.text):
        return True
    if _MONTHS.isdisjoint(said.heard):
        return False
    at = [place for place, word in enumerate(said.words) if word in _MONTHS]
    return any(_is_day(word) for place in at for word in said.words[max(0, place - 2) : place + 2])


def _is_day(word: str) -> bool:
    digits = word.rstrip("stndrho")
    return digits.isdecimal() and len(digits) < 3 and 1 <= int(digits) <= 31


def _after(word: str, in_order: list[str]) -> list[str]:
    """The words behind each place of a word; a stop is behind the last."""
    return [following for before, following in pairwise(in_order) if before == word]
