"""Text to the words it is found by, and those to numbers that tell nothing without the tenant's key."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import msgspec
import snowballstemmer

from application.folding import fold, rejoined, spelled_out

WORDS_VERSION = 2
"""Raised with every change of what a text is found by: what was indexed before is then read anew."""

# Letters, digits, and the vowel signs of scripts in which they stand apart from the letters.
WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963\u0981-\u0dff])+")
# Scripts that put no blanks between words: a run of them is found by its pairs of characters.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
HANGUL = re.compile("[\uac00-\ud7a3]+")
"""Words with particles at their end: found by pairs of syllables too."""
_GRAMS = re.compile(f"{UNSPACED.pattern}|{HANGUL.pattern}")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_ALONE = re.compile(f"{_HAN.pattern[:-1]}|{HANGUL.pattern[:-1]}")
_PARTICLE = re.compile(
    "(?<=[\uac00-\ud7a3])(?:(?:으로서|으로써|에게서|에서|에게|한테|께서|으로|까지|부터|처럼|보다|마다|조차|마저|이나|이랑|하고|라고|라는"
    "|이다|입니다|이라는|이라고)[는도은]?|[은는이가을를의에로와과도만랑])$"
)
_JOINED = re.compile(r"(?<![^\W_])[^\W_]++(?:[-._][^\W_]++)++")
_WIDE = re.compile(r"(?<![^\W_])(?:[^\W_]++(?:[-._/:@#&+][^\W_]++)++|[^\W\d_]{1,3}+[+#]{1,2}+(?!\w))")
_TWO_LETTERS = re.compile(r"(?<=[b-df-hj-np-tv-z])([aou])e(?=[b-df-hj-np-tv-z])")
_VERSION = re.compile(r"v(?=\d)")
_COUNTED = re.compile(r"\d{1,4}+[a-z]{1,2}+")
_CAPITALS = re.compile(r"\b[A-Z]{4,}\b")
LONGEST = 64
STOP_WORDS = frozenset(
    WORD.findall(
        "a about also an and any are as at be been being between both but by can could did do does during each for "
        "from had has have he her his how i if in into is it its may more most no nor not of on one only or other our "
        "she should so some such than that the their them then there these they this those to was we were what when "
        "where which while who whom whose why will with would you your"
    )
)
_stemmer = snowballstemmer.stemmer("english")


class AskedWords(msgspec.Struct, frozen=True):
    """What a question looks for: words that each count, and those among them that name one thing, such as an order's
    number or a version: a passage that has one of these to itself is what was asked for."""

    words: list[str]
    names: frozenset[str]


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    """The word's stem (Porter's second English algorithm). Cached: a corpus says the same words over and over."""
    return str(_stemmer.stemWord(word))


def words_of(text: str) -> list[str]:
    """All that a text is found by, once for each time it stands there: stems without the words that tell nothing, names
    with signs in them whole, and in scripts without blanks single characters and pairs of them."""
    folded = fold(text)
    words = _stems([*_plain(folded), *rejoined(folded)]) + _whole(folded)
    if not folded.isascii():
        for run in _GRAMS.findall(folded):
            words += [*_pairs(run), *_ALONE.findall(run)]
    return words + _stems(_other_spellings(text, folded))


def asked_of(question: str) -> AskedWords:
    """What a question looks for, in the same form."""
    folded = fold(question)
    plain, whole = _plain(folded), _whole(folded)
    names = {word for word in plain if _names_one(word)} | {word for word in whole if not word.isalpha()}
    if not question.isupper():
        names |= {fold(word) for word in _CAPITALS.findall(question)}
    words = _stems(plain) + whole
    for run in _GRAMS.findall(folded):
        words += _asked_pairs(run)
    return AskedWords(words, frozenset(_stems(names)))


def blind(key: bytes, words: Iterable[str]) -> dict[int, int]:
    """Words to how often each stands there, by the first eight bytes of its HMAC-SHA-256 as a signed number."""
    return {
        int.from_bytes(hmac.digest(key, word.encode(), "sha256")[:8], "big", signed=True): times
        for word, times in Counter(words).items()
    }


def _plain(folded: str) -> list[str]:
    return WORD.findall(folded if folded.isascii() else _GRAMS.sub(" ", folded))


def _stems(words: Iterable[str]) -> list[str]:
    return [_stem(word[:LONGEST]) for word in words if word not in STOP_WORDS]


def _whole(folded: str) -> list[str]:
    """What stands together by signs. Of letters alone it is one word (`e-mail`, `email`), but for those with a sign of
    their own (`c++`, `at&t`); what has digits stays as it is, but for the `v` of a version."""
    found = dict.fromkeys(_JOINED.findall(folded)) | dict.fromkeys(_WIDE.findall(folded))
    whole: list[str] = []
    for name in found:
        if any(map(str.isdigit, name)):
            whole.append(_VERSION.sub("", name, count=1)[:LONGEST] if name.startswith("v") else name[:LONGEST])
        elif "-" in name and name.replace("-", "").isalpha():
            whole.append(_stem(name.replace("-", "")[:LONGEST]))
        elif not {*name}.isdisjoint("+#&_@"):
            whole.append(name[:LONGEST])
    return whole


def _names_one(word: str) -> bool:
    """Letters and digits together, or five digits and more: what is given to one thing. A year, a count, an ordinal or
    a measure is not."""
    digits = sum(map(str.isdigit, word))
    return digits > 0 and len(word) >= 3 and (digits >= 5 or (digits < len(word) and not _COUNTED.fullmatch(word)))


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _asked_pairs(run: str) -> list[str]:
    """Pairs of characters; one that stands alone, also between kana or before a particle, by itself."""
    bare = _PARTICLE.sub("", run) if HANGUL.fullmatch(run) else run
    alone = [part for part in _HAN.findall(run) if len(part) == 1] if bare is run else []
    pairs = dict.fromkeys(_pairs(run)) if len(run) > 1 else {}
    return [*pairs, *alone] if len(bare) > 1 else list(dict.fromkeys([*pairs, *alone, bare]))


def _other_spellings(text: str, folded: str) -> list[str]:
    """Umlauts as two letters, and two letters as what may be an umlaut: a question has one or the other."""
    spelled = [] if text.isascii() else [part for word in spelled_out(text) for part in _plain(fold(word))]
    plain = [_TWO_LETTERS.sub(r"\1", word) for word in _plain(folded) if len(word) >= 5 and _TWO_LETTERS.search(word)]
    return spelled + plain
