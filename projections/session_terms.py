"""By which words a session is found: those of its title, also by how they begin, and those of what was said in it."""

from __future__ import annotations

from collections.abc import Sequence

from application.folding import fold
from application.keyed_words import HANGUL, UNSPACED, WORD, asked_of, blind, words_of

MOST_TERMS = 4_000
"""Of one text: what a longer one goes on with does not find it."""
MOST_CHARACTERS = 64_000
"""The same, before its words are known."""
MOST_ASKED = 12
"""Words that are looked for together; more are passed over."""
SHORTEST, LONGEST = 2, 20
"""Characters of the beginning that a word of a title is found by."""
TITLE_MARK = "^"
"""Stands before the beginning of a title's word, so that it is no word of a text."""
KEY = b"the words of a user's sessions\0"


def text_terms(text: str) -> list[str]:
    """The terms of what was said: its words, and in scripts without blanks every single character too."""
    text = text[:MOST_CHARACTERS]
    return list(dict.fromkeys([*words_of(text), *(char for run in UNSPACED.findall(fold(text)) for char in run)]))


def title_terms(title: str) -> list[str]:
    """The same of a title, and the beginnings of its words."""
    return list(dict.fromkeys([*text_terms(title), *(b for word in _words(title) for b in _beginnings(word))]))


def asked_terms(query: str) -> list[list[str]]:
    """What is looked for: for each of its words the terms of which one must be there. Words that tell nothing count in
    titles alone."""
    asked: list[list[str]] = []
    for word in _words(query):
        if HANGUL.fullmatch(word) and len(word) == 2:
            asked.append(asked_of(word).words)  # a word, or one of a single syllable with its particle
        elif UNSPACED.fullmatch(word) or HANGUL.fullmatch(word):
            asked += [[term] for term in asked_of(word).words]
        else:
            asked.append([*asked_of(word).words, *_beginnings(word)[-1:]])
    telling = [terms for terms in asked if terms and not terms[0].startswith(TITLE_MARK)]
    return (telling or [terms for terms in asked if terms])[:MOST_ASKED]


def numbers_of(key: bytes, terms: Sequence[str]) -> list[int]:
    """Terms as keyed numbers, in order: they tell nothing without the key."""
    return sorted(blind(key, list(terms[:MOST_TERMS])))


def _words(text: str) -> list[str]:
    """Words as they are written, and runs of a script without blanks, which may stand against one of another."""
    return WORD.findall(UNSPACED.sub(lambda run: f" {run[0]} ", fold(text)))


def _beginnings(word: str) -> list[str]:
    if UNSPACED.search(word):
        return []
    return [TITLE_MARK + word[:length] for length in range(min(SHORTEST, len(word)), min(LONGEST, len(word)) + 1)]
