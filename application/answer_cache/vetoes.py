"""Says of two questions whether a model may be asked if they are one: not when they plainly are two.

A model that compares questions errs now and then, and most where two differ in one word. So what can be seen without
understanding never reaches it: other numbers, dates, units or names, a negation or an opposite on one side, the same
words in another order, and a question that is the other one with a word exchanged, put in or left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

from application.answer_cache import veto_words as known
from application.answer_cache.cacheability import as_typed
from application.answer_cache.english.asides import without_asides
from application.answer_cache.english.reading import is_english
from application.answer_cache.english.words import GRAMMAR, key_of

LONGEST = 300
"""Characters of a question that is compared in other words."""
_WORD = re.compile(r"[^\W_]+(?:[.,:/-][^\W_]+)*[#+]*|[$€£¥%°]")
_CONTRACTION = re.compile(r"['’](?:s|re|ve|ll|d|m)\b")
_NOT = re.compile(r"(?:(?<=ca)n|n)['’]t\b|(?<=can)not\b", re.IGNORECASE)
_UNPARTED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff])")
"""Thai, Kana and Han: each letter counts as a word."""
_ALIKE = 4


class _Read:
    """A question by its words: as written, in small letters, and as what they count as."""

    def __init__(self, text: str) -> None:
        plain = _UNPARTED.sub(r" \1 ", _CONTRACTION.sub("", _NOT.sub(" not", text)))
        self.text = text
        self.written: list[str] = _WORD.findall(plain)
        self.small = [word.casefold() for word in self.written]
        self.keys = [known.NUMBERS.get(word) or key_of(word) for word in self.small]
        self.all = {*self.small, *self.keys}
        self.telling = [
            key
            for word, key in zip(self.small, self.keys, strict=True)
            if word not in known.SILENT and word not in GRAMMAR
        ]

    def of(self, words: Iterable[str]) -> set[str]:
        """Which of these it holds, as what they count as."""
        return {key_of(known.ONCE_A.get(word, word)) for word in self.small if word in words}


def are_two(kept: str, asked: str) -> str:
    """Why these are two questions, in a word; empty when only somebody who understands them can tell."""
    if max(len(kept), len(asked)) > LONGEST:
        return "long"
    kept, asked = as_typed(kept), as_typed(asked)
    if is_english(kept) and is_english(asked):
        kept, asked = without_asides(kept), without_asides(asked)
    one, other = _Read(kept), _Read(asked)
    if one.small == other.small and one.text.isupper() == other.text.isupper():
        return ""
    for reason, differs in _VETOES:
        if differs(one, other):
            return reason
    return ""


def _numbers(one: _Read, other: _Read) -> bool:
    def of(read: _Read) -> Counter[str]:
        words = zip(read.small, read.keys, strict=True)
        return Counter(
            key
            for word, key in words
            if word in known.NUMBERS or word in known.COUNTING or word in known.SIGNS or any(map(str.isdigit, word))
        )

    return of(one) != of(other)


def _dates_and_units(one: _Read, other: _Read) -> bool:
    words = known.CALENDAR | known.UNITS
    return one.of(words) != other.of(words)


def _names(one: _Read, other: _Read) -> bool:
    """A name that only one of them holds. Where nouns or all words are written large,
    only what holds capitals within is one."""
    if any(read.text.isupper() or known.GERMAN & set(read.small[:4]) for read in (one, other)):
        return any(_coined(one) ^ _coined(other))
    return any(
        word.casefold() not in there.all and key_of(word.casefold()) not in there.all
        for here, there in ((one, other), (other, one))
        for word in here.written[1:]
        if word[0].isupper() and word != "I" and word.casefold() not in known.SILENT
    )


def _coined(read: _Read) -> set[str]:
    """Words with capitals within: abbreviations, products."""
    shouted = read.text.isupper()
    return {word.casefold() for word in read.written if not shouted and any(map(str.isupper, word[1:]))}


def _negations(one: _Read, other: _Read) -> bool:
    def of(read: _Read) -> int:
        parts = sum(read.text.count(part) for part in known.NEGATIONS_WITHOUT_BLANKS)
        return sum(word in known.NEGATIONS for word in read.small) + parts

    return of(one) != of(other)


def _opposites(one: _Read, other: _Read) -> bool:
    here, there = one.all - other.all, other.all - one.all
    return any(known.OPPOSITES.get(word, frozenset()) & there for word in here) or any(
        _denies(a, b) or _denies(b, a) for a in here for b in there
    )


def _denies(word: str, plain: str) -> bool:
    if len(plain) <= _ALIKE:
        return False
    without = word.removesuffix("less") if word.endswith("less") else ""
    return any(word.startswith(f"{prefix}{plain}") for prefix in known.DENYING_PREFIXES) or (
        bool(without) and plain.startswith(without)
    )


def _asks(one: _Read, other: _Read) -> bool:
    first, second = ({known.ASKING[w] for w in read.small[:6] if w in known.ASKING} for read in (one, other))
    return bool(first and second and first != second)


def _times(one: _Read, other: _Read) -> bool:
    """What was is asked for on one side, what will be on the other."""

    def of(read: _Read) -> tuple[bool, bool]:
        return bool(known.PAST & set(read.small)), bool(known.COMING & set(read.small))

    (was, will), (did, shall) = of(one), of(other)
    return (was and not will and shall and not did) or (will and not was and did and not shall)


def _sides(one: _Read, other: _Read) -> bool:
    """The same words in another order, or the one who does it behind `by` on one side alone: roles may have changed."""
    mine, theirs = Counter(one.telling), Counter(other.telling)
    by = ("by" in one.small) != ("by" in other.small)
    return mine == theirs or (by and len(mine & theirs) > 1)


def _nothing_shared(one: _Read, other: _Read) -> bool:
    return not set(one.telling) & set(other.telling)


def _one_change(one: _Read, other: _Read) -> bool:
    """One place where words were exchanged, put in or left out; or several, each a word for a word. Not where several
    words at the beginning became several others: so one asks in another way."""
    places = [
        (begin, end - begin, last - first)
        for tag, begin, end, first, last in SequenceMatcher(None, one.keys, other.keys, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    if len(places) == 1 and places[0][0] == 0 and min(places[0][1:]) > 1:
        return False
    return len(places) < 2 or all(place[1:] == (1, 1) for place in places)


def _alike_words(one: _Read, other: _Read) -> bool:
    """All that tells them apart are two words that begin alike, and are yet not the same word."""
    mine, theirs = Counter(one.telling), Counter(other.telling)
    here, there = list((mine - theirs).elements()), list((theirs - mine).elements())
    return len(here) == len(there) == 1 and here[0][:_ALIKE] == there[0][:_ALIKE]


_VETOES = (
    ("numbers", _numbers),
    ("dates and units", _dates_and_units),
    ("names", _names),
    ("negation", _negations),
    ("opposites", _opposites),
    ("what is asked", _asks),
    ("time", _times),
    ("order", _sides),
    ("nothing shared", _nothing_shared),
    ("one change", _one_change),
    ("words alike", _alike_words),
)
