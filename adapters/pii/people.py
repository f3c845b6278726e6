"""Names of persons, as far as lists, titles and the words around a name go without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from adapters.pii.gazetteer import Gazetteer, gazetteer
from adapters.pii.name_words import (
    AFTER,
    AFTER_A_PLACE,
    BEFORE_PERHAPS,
    BEFORE_SURELY,
    BEFORE_TWO,
    NEVER,
    ORDINARY,
    TITLES,
)
from adapters.pii.stretches import Found, found
from application.ports.models.detector import Span

_UP = "A-ZÀ-ÖØ-ÞĀĂĄĆĈČĎĐĒĘĚĞĢĪİĶĻŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽȘȚ"
_LETTER = r"[^\W\d_]"
_LETTERS = rf"{_LETTER}{{0,30}}+(?:['’]{_LETTER}{{1,20}}+)?+"
_GOES_ON = rf"{_LETTERS}(?:-[{_UP}]{_LETTERS}){{0,4}}+"
_WORD = f"[{_UP}]{_GOES_ON}"
_TITLES = "|".join(rf"(?<=(?<!\w){title}\.)" for title in sorted(TITLES))
_STOP = rf"(?:\.(?:(?<=[{_UP}]\.)(?<![\w'’-].\.)|{_TITLES}))?+"
"""The full stop of an initial or a title; any other ends the name."""
_PARTICLE = (
    r"(?:van der|van den|van de|von der|de la|de los|de las|van|von|vom|zu|zum|de|del|della|di|da|do|dos|das|du|des"
    r"|le|la|ter|ten|bin|ibn|al|el|af|av)"
)
_SEQUENCE = re.compile(
    rf"[{_UP}](?<![\w@./-].){_GOES_ON}{_STOP}"
    rf"(?:[ \u00a0]{{1,2}}(?:{_PARTICLE}[ \u00a0])?(?:d['’])?{_WORD}{_STOP}"
    rf"|(?<=\.)[{_UP}]\.|,[ ](?={_WORD}(?:[.\s]|$))){{0,7}}"
)
_TOKEN = re.compile(rf"{_WORD}\.?|[{_UP}]\.|,")
_TITLE = frozenset(title.lower() for title in TITLES) | {"m"}
_AFTER = re.compile(rf"\s?[\"”»]?\s?[<(][^\s@<>]{{1,64}}@|(?:'s|,)?\s(?:{AFTER})\b")
_ENDINGS = (
    "ski", "ska", "cki", "cka", "wicz", "czyk", "enko", "ović", "ovic", "escu", "opoulos", "sson", "sdóttir", "shvili",
    "ssen", "mann", "inen", "kainen", "oğlu", "ová", "yan"
)  # fmt: skip
"""How surnames end in languages that make them so."""
Word = tuple[str, int, int, str, bool]
"""As it stands, where it begins and ends, plain, and whether it can belong to a name."""
_QUOTES = "\"'“("
_LAST_OF_PHRASES = frozenset(phrase.split()[-1] for phrase in BEFORE_SURELY | BEFORE_PERHAPS | BEFORE_TWO)


class People:
    """The rule for persons; it holds the lists of names."""

    @cached_property
    def names(self) -> Gazetteer:
        """The lists, loaded at the first use."""
        return gazetteer()

    def load(self) -> None:
        """Read the lists now, not in the first turn."""
        assert self.names.given

    def __call__(self, text: str) -> Found:
        """Names after a title or words that introduce one, known given names with what follows, known surnames after a
        capitalised word."""
        done = -1

        def read(match: re.Match[str]) -> Iterator[Span]:
            nonlocal done
            words = [_word(token) for token in _TOKEN.finditer(text, *match.span())]
            i = 0
            while i < len(words):
                taken = self._person(text, words, i, done)
                if not taken:
                    i += 1
                    continue
                first, last, score = taken
                done = words[last][2] - _too_much(words[last][0])
                yield Span("person", words[first][1], done, score)
                i = last + 1

        return found(_SEQUENCE, text, read)

    def _person(self, text: str, words: list[Word], i: int, done: int) -> tuple[int, int, float] | None:
        """The first and the last word of a name that begins at word `i`, and how sure it is; `done` is where the name
        before it ended."""
        if words[i][3] in _TITLE and i + 1 < len(words) and words[i + 1][0] != ",":
            return self._after_title(words, i + 1)
        last = self._extend(words, i)
        if last < i or (last + 1 < len(words) and words[last + 1][3] in AFTER_A_PLACE):
            return None
        if score := self._score(text, words[i : last + 1], done):
            return i, last, score
        turned = [word[3] for word in words[i : i + 3]]
        if len(turned) == 3 and turned[1] == "," and self._surname(turned[0]) and self._given(turned[2]):
            return i, i + 2, 0.7
        return None

    def _after_title(self, words: list[Word], first: int) -> tuple[int, int, float] | None:
        while first + 1 < len(words) and words[first][3] in _TITLE:
            first += 1
        last = self._extend(words, first)
        return (first, last, 0.9) if last >= first and len(words[last][3]) > 1 else None

    def _score(self, text: str, words: list[Word], done: int) -> float:
        """How sure it is that these capitalised words are a name; 0 when they are not taken for one."""
        names, start = [word[3] for word in words], words[0][1]
        known, several = self._given(names[0]), len(names) > 1
        if not several and not known and (len(names[0]) <= 2 or self._is_word(names[0])):
            return 0.0
        before = _before(text, start)
        if not BEFORE_SURELY.isdisjoint(before):
            return 0.85
        if several and not known and text[words[0][2] : words[1][1]].strip():
            return 0.0  # a noun and whose it is: `Anschrift von Lukas Lehmann`
        if known and not self._is_word(names[0]) and (several or not words[0][0].isupper()):
            return 0.8 if several else 0.6
        if not several:
            return 0.0
        if known or _is_initial(words[0][0]):
            rest_says_nothing = not any(map(self._is_word, names[1:]))
            if self._surname(names[-1]) or (names[0] in ORDINARY and rest_says_nothing):
                return 0.7
        if not any(map(self._is_word, names)) and (
            (len(names) > 2 and _is_initial(words[1][0]))
            or self._surname(names[-1])
            or _follows_name(text, done, start)
            or not BEFORE_TWO.isdisjoint(before)
            or _AFTER.match(text, words[-1][2])
        ):
            return 0.7
        return 0.6 if not BEFORE_PERHAPS.isdisjoint(before) and any(map(self._given, names)) else 0.0

    def _extend(self, words: list[Word], first: int) -> int:
        """The last word of the name, at most four in all; `first - 1` when the first cannot belong to one."""
        last = first - 1
        for index in range(first, min(len(words), first + 4)):
            word, _, _, _, may_belong = words[index]
            if not may_belong:
                break
            last = index
            if word[-1] == "." and not _is_initial(word):
                break
        return last

    def _is_word(self, name: str) -> bool:
        return len(name) > 1 and name in self.names.ordinary

    def _given(self, word: str) -> bool:
        return word in self.names.given or ("-" in word and word.split("-")[0] in self.names.given)

    def _surname(self, word: str) -> bool:
        return (
            word in self.names.surnames
            or word.endswith(_ENDINGS)
            or ("-" in word and word.split("-")[-1] in self.names.surnames)
        )


def _word(token: re.Match[str]) -> Word:
    word = token[0]
    start, end = token.span()
    plain = _plain(word)
    may_belong = word != "," and ((len(plain) > 1 and plain not in NEVER) or _is_initial(word))
    return word, start, end, plain, may_belong


def _is_initial(word: str) -> bool:
    return (len(word) == 2 and word[1] == ".") or (len(word) == 1 and word not in ",IA")


def _before(text: str, start: int) -> tuple[str, ...]:
    """What may be a phrase before `start`: the last word as it stands, and the last, the last two and the last three
    without the sign that ends them."""
    if not start or not text[start - 1].isspace():
        return ()
    words = text[start - 40 if start > 40 else 0 : start].lower().replace(" :", ":").split()[-3:]
    if not words:
        return ()
    as_it_stands = words[-1]
    words[-1] = last = as_it_stands.rstrip(":,")
    if _LAST_OF_PHRASES.isdisjoint((as_it_stands, last.rstrip(_QUOTES), last.strip(_QUOTES))):
        return ()
    return (as_it_stands, *(" ".join(words[n:]).strip(_QUOTES) for n in range(len(words))))


def _follows_name(text: str, done: int, start: int) -> bool:
    """Whether a name ended just before, with no more than an `and` between."""
    return 0 <= done < start <= done + 6 and text[done:start].strip() in ("and", "und", "et", "y", "e", "en", "i", "&")


def _too_much(word: str) -> int:
    """How many characters at the end of a name's last word are not the name's: a full stop, a genitive."""
    if word.endswith(("'s", "’s")):
        return 2
    return int(word.endswith(".") and len(word) > 2)


def _plain(word: str) -> str:
    return word.rstrip(".").lower().removesuffix("'s").removesuffix("’s")
