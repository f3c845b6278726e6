"""Says whether the answer to one question may serve another: in doubt it may not. No model is asked.

Vectors of sentences bring questions together that differ in one number, one name or one `not`. Here two questions are
the same when every word that is not known to say nothing has its like in the other, in the same order among those that
the same preposition leads, and when both ask in the same way, time and mood. What is not known counts as different.
"""

from __future__ import annotations

import re

from application.answer_cache.english.asides import without_asides
from application.answer_cache.english.grammar import Reading, Word
from application.answer_cache.english.reading import is_english, plain_words, read_question
from application.answer_cache.english.words import GRAMMAR

_SIGN = re.compile(r"(?<!\w)-(?=\d)|[^\w\s.?!,;:'\"()’‘“”`´¿¡%$€£¥…–—-]")
LONGEST = 300
"""Characters of a question that is compared in other words; of longer ones too much would be guessed."""
LONGEST_READ = 4_000
"""Characters of a question that is compared word by word; a longer one is the same only when it is the same text."""
# Ways to ask that may stand for each other, though not all of a kind for all.
_ALIKE = (
    {"howto", "howwe"},
    {"howwe", "howis"},
    {"define", "what"},
    {"define", "meaning"},
)


def is_equivalent(kept: str, asked: str) -> bool:
    """Whether both ask for the same thing: the same words in the same order, or in English the same said otherwise."""
    if max(len(kept), len(asked)) > LONGEST_READ:
        return kept == asked
    if _signs(kept) != _signs(asked):
        return False
    if plain_words(kept) == plain_words(asked) and _telling(kept) == _telling(asked):
        return True
    if max(len(kept), len(asked)) > LONGEST or not (is_english(kept) and is_english(asked)):
        return False
    kept, asked = without_asides(kept), without_asides(asked)
    if plain_words(kept) == plain_words(asked) and _telling(kept) == _telling(asked):
        return True
    return _same(read_question(kept), read_question(asked))


def _signs(text: str) -> list[str]:
    """What is neither word nor punctuation: the sign that tells `C++` from `C#`, and the minus of a number."""
    return _SIGN.findall(text)


def _telling(text: str) -> list[str]:
    """Numbers as they are written (`1.5` is not `1,5`), and names in capitals that are words in small ones (`US`)."""
    words = [word.strip(".,;:?!\"'()") for word in text.split()]
    shouted = text.upper() == text
    return [
        word
        for word in words
        if any(letter.isdigit() for letter in word)
        or (len(word) > 1 and word.isupper() and word.lower() in GRAMMAR and not shouted)
    ]


def _same(one: Reading, other: Reading) -> bool:
    how_to = one.asks[0] in ("howto", "howwe", "whatdo")
    return (
        _same_way(one, other)
        and (one.time == other.time or one.asks[0] == "whatdo")
        and one.moods == other.moods
        and one.is_done == other.is_done
        and (how_to or (one.mine, one.first_person) == (other.mine, other.first_person))
        and _same_side(one, other)
        and one.groups.keys() == other.groups.keys()
        and all(_same_words(words, other.groups[marker], how_to) for marker, words in one.groups.items())
        and any(one.groups.values())
    )


def _same_way(one: Reading, other: Reading) -> bool:
    first, second = one.asks[0], other.asks[0]
    if first != second and {first, second} not in _ALIKE:
        return False
    return one.asks[1:] == other.asks[1:] and (one.detail == other.detail or not (one.detail and other.detail))


def _same_side(one: Reading, other: Reading) -> bool:
    """`The` may be `our` or `your`, and in a how-to `my`; but none of these is another of them."""
    sides = {(reading.side, reading.mine) for reading in (one, other) if reading.side or reading.mine}
    return len(sides) < 2


def _same_words(some: tuple[Word, ...], others: tuple[Word, ...], how_to: bool) -> bool:
    return len(some) == len(others) and all(
        _same_word(word, like, how_to and not place)
        for place, (word, like) in enumerate(zip(some, others, strict=True))
    )


def _same_word(word: Word, like: Word, to_do: bool) -> bool:
    """Names are not bent. `asked` and `ask` tell times apart; so do `hiring` and `hire`, but not in `how to hire`."""
    if word.raw == like.raw:
        return True
    if word.name or like.name or word.key != like.key:
        return word.raw.removesuffix("'s") == like.raw.removesuffix("'s")
    ed = word.raw.endswith("ed") == like.raw.endswith("ed")
    ing = word.raw.endswith("ing") == like.raw.endswith("ing")
    return ed and (ing or to_do)
