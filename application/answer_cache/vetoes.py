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
from application.answer_cache.english.words import GRAMMAR, PREPOSITION, key_of
from application.answer_cache.like_words import FILLERS, any_may_be_one, is_misspelt, may_be_one

LONGEST = 300
"""Characters of a question that is compared in other words."""
_WORD = re.compile(r"[^\W_]+(?:[.,:/-][^\W_]+)*[#+]*|[$€£¥%°]")
_CONTRACTION = re.compile(r"['’](?:s|re|ve|ll|d|m)\b")
_WILL_NOT = re.compile(r"\b(?:wo|sha)(?=n['’]t\b)", re.IGNORECASE)
_AMOUNT = re.compile(rf"(?<=\d)-?(?=(?:{'|'.join(sorted(known.BEHIND_NUMBERS))})\b)", re.IGNORECASE)
_WAY = re.compile(
    r"\bhow (?:do|can|could|should|would|must|to)(?: (?:i|we|you|one|somebody|someone|people))?\b", re.IGNORECASE
)
_COUNTED = re.compile(rf"\b({'|'.join(known.COUNTED)})-(?=[a-z]{{3}})", re.IGNORECASE)
_EITHER = re.compile(
    r"\b(between|zwischen|entre|tra|tussen) ([^,?.!]{1,60}?) (and|und|et|y|e|en) ([^,?.!]{1,60})(?=[,?.!]|$)"
)
_NOT = re.compile(r"(?:(?<=ca)n|n)['’]t\b|(?<=can)not\b", re.IGNORECASE)
_UNPARTED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff])")
"""Thai, Kana and Han: each letter counts as a word."""
_ALIKE = 4
_HOW_LONG = re.compile(
    r"\bhow (?:long|(?:much time|many (?P<unit>minutes|hours|days|weeks|months|years)))\b(?! of\b)", re.IGNORECASE
)
_SENTENCE_ENDS = re.compile(r"[.!?:;][\s\"'”»)]+")
_ROLES = known.ROLES | frozenset(PREPOSITION)


def _in_order(pair: re.Match[str]) -> str:
    """What stands between two things is the same the other way round."""
    first, second = sorted((pair[2], pair[4]), key=str.casefold)
    return f"{pair[1]} {first} {pair[3]} {second}"


class _Read:
    """A question by its words: as written, in small letters, and as what they count as."""

    def __init__(self, text: str) -> None:
        plain = _UNPARTED.sub(r" \1 ", _CONTRACTION.sub("", _NOT.sub(" not", _WILL_NOT.sub("will", text))))
        plain = _EITHER.sub(_in_order, _COUNTED.sub(r"\1 ", _AMOUNT.sub(" ", plain)))
        self.text = text
        self.written: list[str] = _WORD.findall(plain)
        self.begins = {0, *(len(_WORD.findall(plain[: stop.end()])) for stop in _SENTENCE_ENDS.finditer(plain))}
        """Places of the words that begin a sentence."""
        self.small = [word.casefold() for word in self.written]
        self.keys = [_key(word) for word in self.small]
        self.all = {*self.small, *self.keys}
        telling = [at for at, word in enumerate(self.small) if word not in known.SILENT and word not in GRAMMAR]
        self.telling = [self.keys[at] for at in telling]
        self.telling_as_written = [self.small[at] for at in telling]
        asked = map(str.casefold, _WORD.findall(_WAY.sub("how", plain)))
        self.weighty = [_key(word) for word in asked if word not in FILLERS]

    def of(self, words: Iterable[str]) -> set[str]:
        """Which of these it holds, as what they count as."""
        return {
            key_of(known.ONCE_A.get(word, word))
            for word in self.small
            if word in words or (word.endswith("s") and word[:-1] in words)
        }


def _key(word: str) -> str:
    return known.NUMBERS.get(word) or key_of(word)


def are_two(kept: str, asked: str) -> str:
    """Why these are two questions, in a word; empty when only somebody who understands them can tell."""
    if max(len(kept), len(asked)) > LONGEST:
        return "long"
    kept, asked = as_typed(kept), as_typed(asked)
    if is_english(kept) and is_english(asked):
        kept, asked = without_asides(kept), without_asides(asked)
    one, other = _Read(kept), _Read(_spelled_as(kept, asked))
    if one.small == other.small and one.text.isupper() == other.text.isupper():
        return ""
    for reason, differs in _VETOES:
        if differs(one, other):
            return reason
    return ""


def _spelled_as(kept: str, asked: str) -> str:
    """The second with its misspelt words as the first writes them, or the other way round: a slip is no other word."""
    here, there = set(_WORD.findall(kept)), set(_WORD.findall(asked))
    mine = [word for word in here - there if word.islower()]
    slips = {
        word: like
        for word in there - here
        if word.islower() and (like := next((other for other in mine if is_misspelt(word, other)), None))
    }
    return _WORD.sub(lambda word: slips.get(word[0], word[0]), asked) if slips else asked


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
    mine, theirs = one.of(words), other.of(words)
    return mine != theirs and not _asks_how_long(one, other, mine ^ theirs)


def _asks_how_long(one: _Read, other: _Read, apart: set[str]) -> bool:
    """One asks how long and the other how many days, and nothing else tells their times apart."""
    asked = [_HOW_LONG.search(read.text) for read in (one, other)]
    if not all(asked) or len(apart) != 1:
        return False
    units = {key_of(found["unit"].casefold()) for found in asked if found and found["unit"]}
    return units == apart


def _names(one: _Read, other: _Read) -> bool:
    """A name that only one of them holds. Where nouns or all words are written large,
    only what holds capitals within is one."""
    if any(read.text.isupper() or known.GERMAN & set(read.small[:4]) for read in (one, other)):
        return any(_coined(one) ^ _coined(other))
    return any(
        word.casefold() not in there.all and key_of(word.casefold()) not in there.all
        for here, there in ((one, other), (other, one))
        for place, word in enumerate(here.written)
        if place not in here.begins and word[0].isupper() and word != "I" and word.casefold() not in known.SILENT
        if not _belongs(word.casefold(), there.small)
    )


def _belongs(name: str, words: Iterable[str]) -> bool:
    """Whether one of the words is the name as it is bent: `India`, `Indian`, `Indians`."""
    return any(
        long.startswith(short) and len(short) >= _ALIKE and long[len(short) :] in known.NAME_ENDINGS
        for word in words
        for short, long in [sorted((name, word), key=len)]
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
    if plain in word:
        return any(word.startswith(f"{prefix}{plain}") for prefix in known.DENYING_PREFIXES)
    return word.endswith("less") and len(word) > len("less") and plain.startswith(word.removesuffix("less"))


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
    if mine != theirs:
        return by and len(mine & theirs) > 1
    return one.telling != other.telling or _roles(one) != _roles(other) or _bent(one, other)


def _bent(one: _Read, other: _Read) -> bool:
    """Words of the same stem that end in another time or voice, or names in another order."""

    def endings(read: _Read) -> list[tuple[bool, bool]]:
        return [(word.endswith("ed"), word.endswith("ing")) for word in read.telling_as_written]

    def names(read: _Read) -> list[str]:
        return [word.casefold() for at, word in enumerate(read.written) if at not in read.begins and word[0].isupper()]

    mine, theirs = names(one), names(other)
    return endings(one) != endings(other) or (mine != theirs and sorted(mine) == sorted(theirs))


def _roles(read: _Read) -> list[str]:
    """The words that part the others, and how many others stand before each."""
    roles, before = [], 0
    for word in read.small:
        if word in _ROLES:
            roles.append(f"{word} {before}")
        before += word not in known.SILENT and word not in GRAMMAR
    return roles


def _nothing_shared(one: _Read, other: _Read) -> bool:
    if set(one.telling) & set(other.telling):
        return False
    return not any_may_be_one(one.telling, other.telling)


def _one_change(one: _Read, other: _Read) -> bool:
    """One place where words were exchanged, put in or left out; or several, each a word for a word. Not where several
    words at the beginning became several others: so one asks in another way. And not when none or more are left once
    words that say nothing, and those that may be one, do not count."""
    return _is_one(_places(one.keys, other.keys), 0) and _is_one(_places(one.weighty, other.weighty), 1)


Place = tuple[list[str], list[str], int]
"""Words of one that stand where the other has others, and how many stand before."""


def _places(some: list[str], others: list[str]) -> list[Place]:
    return [
        (some[begin:end], others[first:last], begin)
        for tag, begin, end, first, last in SequenceMatcher(None, some, others, autojunk=False).get_opcodes()
        if tag != "equal"
    ]


def _is_one(places: list[Place], least: int) -> bool:
    left = [place for place in places if not least or not _may_be_one(*place[:2])]
    if len(left) == 1:
        some, others, before = left[0]
        return before > 0 or min(len(some), len(others)) < 2
    return len(left) >= least and all(len(some) == len(others) == 1 for some, others, _ in left)


def _may_be_one(some: list[str], others: list[str]) -> bool:
    return len(some) == len(others) and all(map(may_be_one, some, others))


def _alike_words(one: _Read, other: _Read) -> bool:
    """All that tells them apart are two words that begin alike, and are yet not the same word."""
    mine, theirs = Counter(one.telling), Counter(other.telling)
    here, there = list((mine - theirs).elements()), list((theirs - mine).elements())
    if len(here) != 1 or len(there) != 1 or may_be_one(here[0], there[0]):
        return False
    return here[0][:_ALIKE] == there[0][:_ALIKE]


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
