"""Reads an English question for the guard: how it asks, in which time and mood, and its words by what leads them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import msgspec
import snowballstemmer

from application.gateway import question_words as w

_TOKEN = re.compile(r"[$€£¥]|\^?\w+(?:[.,:/'=-]\w+)*|[,;]")
_SENTENCE = re.compile(r"(?:^|[.!?:]\s+)\W*\w+")
_CAPITALS = re.compile(r"\b[A-Z]\w*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_CLOCK = re.compile(r"\b(\d{1,2}(?:[:.]\d{2})?) ?([ap])\.?m\b\.?")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[a-z]{3,})")
_ISE = re.compile(r"is(e|es|ed|ing|ation|ations)$")
_ENDINGS = frozenset(["", "e", "s", "es", "d", "ed", "ing", "y", "ies", "ied", "i", "'s", "'"])
_stemmer = snowballstemmer.stemmer("english")


class Word(msgspec.Struct, frozen=True):
    """A word that must have its like in the other question: as written, and what it counts as unless it is a name."""

    raw: str
    key: str
    name: bool


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a question says. `groups` are its words, in order, by the class of the preposition that leads them."""

    asks: tuple[str, ...]
    detail: str
    time: str
    moods: tuple[str, ...]
    mine: bool
    first_person: bool
    side: str
    is_done: bool
    groups: dict[str, tuple[Word, ...]]


def plain_words(text: str) -> list[str]:
    """The words and signs of a text of any language, in small letters, for the strict comparison."""
    return re.findall(r"\w+|[^\w\s.?!,;:'\"¿¡]", unicodedata.normalize("NFKC", text).casefold())


def is_english(text: str) -> bool:
    """Whether it is surely English: an English function word, and none of another language."""
    words = set(plain_words(text))
    letters = [letter for letter in text if letter.isalpha()]
    ascii_only = sum(letter.isascii() for letter in letters) >= 0.95 * len(letters)
    return ascii_only and bool(words & w.CLEARLY_ENGLISH or words & w.ENGLISH) and not words & w.OTHER_LANGUAGES


@lru_cache(maxsize=2_048)
def read_question(text: str) -> Reading:
    """Read it. Cached: a lookup reads one question against several."""
    said, names = _said(text)
    for pattern, into in w.REWRITES:
        said = " ".join(pattern.sub(into, said).split())
    return _parse(_active(said), names)


def _said(text: str) -> tuple[str, frozenset[str]]:
    """The question itself in small letters, contractions written out; and its names. A name that looks like a word of
    grammar (`May`, `US`, `IT`) is marked, so that it is not taken for one."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("`", "'").strip()
    text = _THOUSANDS.sub("", text)
    starts = {match.end() for match in _SENTENCE.finditer(text)}
    shouted = text.upper() == text
    names: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        word, small = match.group(), match.group().lower()
        acronym = len(word) > 1 and word.isupper() and not shouted
        if word == "I" or shouted or (match.end() in starts and not acronym):
            return small
        names.add(small)
        return f"^{small}" if small in _GRAMMAR else small

    said = _CLOCK.sub(r"\1\2m", _CAPITALS.sub(mark, text).lower())
    for pattern, into in w.CONTRACTIONS:
        said = pattern.sub(into, said)
    said = w.CLOSER.sub("", _HYPHEN.sub(" ", said))
    said = w.OPENER.sub("", said).strip(" ?!.:;,")
    return re.sub(r"[?!]+|\.(?!\w)", ",", said), frozenset(names)


_GRAMMAR = (
    {*w.ARTICLES, *w.BE, *w.DO, *w.FUTURE, *w.MODAL, *w.PREPOSITION, *w.ASKING, *w.PRONOUNS, *w.NEGATIONS}
    | {"my", "if", "not", "have"}
)  # fmt: skip


def _active(said: str) -> str:
    """A question in the passive voice as one in the active, where that is safe; and one kind the other way."""
    if match := w.PASSIVE_BY.match(said):
        be, what, verb, who = match.groups()
        return f"{_do(be)} {who} {_base(verb)} {what}"
    if match := w.PASSIVE_WHAT.match(said):
        asks, be, verb, who = match.groups()
        return f"{asks} {_do(be)} {who} {_base(verb)}"
    if match := w.PASSIVE_CAN.match(said):
        what, verb, rest = match.groups()
        return f"howto {_base(verb)} {what}{rest}"
    if match := w.PASSIVE_YOU.match(said) or w.PASSIVE_TOLD.match(said):
        asks, be, what, verb, rest = match.groups()
        be, what = (what, be) if what in w.BE else (be, what)
        if what.split()[-1] in _LEADS:  # `where is the signed contract` is not where somebody signs it
            return said
        return f"{'howis' if asks == 'how' else asks} {_do(be)} {_base(verb)} {what}{rest}"
    if match := w.ACTIVE_YOU.match(said):
        what, verb = match.groups()
        return f"{what} are {verb.removesuffix('e')}ed"
    return said


_LEADS = w.ARTICLES | {"my", "and", "not", "only", "most", "least", "newly", "recently"}


def _base(participle: str) -> str:
    """`store` for `stored`, as far as its key goes."""
    return w.PARTICIPLES.get(participle) or _stem(participle)


def _do(be: str) -> str:
    return "did" if be in ("was", "were") else "do"


class _Parse:
    """The question word by word."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.asks: list[str] = []
        self.detail = self.time = ""
        self.moods: list[str] = []
        self.mine = self.be = self.participle = False
        self.pronouns: list[tuple[str, str, int]] = []
        self.groups: dict[str, list[Word]] = {}
        self.marker = ""
        self.chunk = 0  # where the present noun began in its group
        self.noun = True  # what comes is a noun, not a verb and its object

    def word(self, token: str) -> None:
        """A word that counts, after what leads it."""
        token = token.lstrip("^")
        self.participle |= token.endswith("ed") or token in w.PARTICIPLES
        name = token.removesuffix("'s") in self.names or token in self.names
        self.groups.setdefault(self.marker, []).append(Word(token, key_of(token), name))

    def boundary(self, marker: str, *, noun: bool = False) -> None:
        """What comes now is led by something else."""
        self.marker = marker
        self.begin(noun=noun)

    def begin(self, *, noun: bool) -> None:
        """A new noun or verb begins here."""
        self.chunk, self.noun = len(self.groups.get(self.marker, ())), noun


def _parse(said: str, names: frozenset[str]) -> Reading:
    parse = _Parse(names)
    tokens = _TOKEN.findall(said)
    place = 0
    while place < len(tokens):
        place += _take(parse, tokens, place)
    if len({pronoun for pronoun, _, _ in parse.pronouns}) > 1:  # who does it to whom
        for pronoun, marker, at in reversed(parse.pronouns):
            parse.groups.setdefault(marker, []).insert(at, Word(pronoun, pronoun, True))
    if not parse.asks:
        parse.asks.append("whether" if tokens and _begins_polar(tokens[0]) else "what")
    return Reading(
        asks=tuple(parse.asks),
        detail=parse.detail,
        time=parse.time,
        moods=tuple(parse.moods),
        mine=parse.mine,
        first_person=any(pronoun == "i" for pronoun, _, _ in parse.pronouns),
        side=next((w.SIDES[token] for token in tokens if token in w.SIDES), ""),
        is_done=parse.be and parse.participle,
        groups={marker: tuple(words) for marker, words in parse.groups.items()},
    )


def _begins_polar(token: str) -> bool:
    return (
        token in w.BE
        or token in w.DO
        or token in w.MODAL
        or token in w.FUTURE
        or token in ("has", "have", "had", "if", "whether")
    )


def _take(parse: _Parse, tokens: list[str], place: int) -> int:
    """One token, or two that are one; how many."""
    token = tokens[place]
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    if _takes_asking(parse, token, following):
        return 2 if token == "how" and following in w.MEASURES else 1
    if token in w.ARTICLES:
        parse.begin(noun=True)
    elif token in (",", ";"):
        parse.boundary("")
    elif token in w.BE or token in w.DO or token in w.FUTURE:
        _takes_auxiliary(parse, token)
    elif token in w.MODAL:
        parse.moods.append(w.MODAL[token])
        parse.boundary("")
    elif token in w.PRONOUNS:
        parse.begin(noun=False)
        parse.pronouns.append((w.PRONOUNS[token], parse.marker, parse.chunk))
    elif token == "my":
        parse.mine = True
        parse.begin(noun=True)
    elif token == "of" or (token == "for" and place and tokens[place - 1] in w.RELATIONAL):
        return _takes_of(parse, tokens, place)
    elif token in w.PREPOSITION:
        parse.boundary(w.PREPOSITION[token], noun=True)
        parse.groups.setdefault(parse.marker, [])
    else:
        parse.time = parse.time or ("past" if token == "had" else "")
        parse.word(token)
    return 1


def _takes_asking(parse: _Parse, token: str, following: str) -> bool:
    """Question words. A second `when` only says under which condition."""
    kind, _, detail = token.partition("=")
    if kind in w.MADE or (kind == "when" and detail):
        parse.asks.append(kind)
        parse.detail = detail
    elif token == "how" and following in w.MEASURES:
        parse.asks.append(f"how {following}")
    elif token in ("if", "whether") or (token == "when" and parse.asks + parse.moods):
        if parse.asks or parse.moods or parse.groups:
            parse.boundary("if")
            parse.groups.setdefault("if", [])
            return True
        parse.asks.append("whether")
    elif token in w.ASKING:
        parse.asks.append(w.ASKING[token])
    else:
        return False
    parse.boundary("", noun=kind in ("what", "which", "exist", "price", "summary", "define", "meaning", "how"))
    return True


def _takes_auxiliary(parse: _Parse, token: str) -> None:
    time = "future" if token in w.FUTURE else w.BE.get(token, w.DO.get(token, ""))
    parse.be |= token in w.BE
    parse.time = parse.time or time
    if not parse.asks and not parse.groups:
        parse.asks.append("whether")
    if parse.marker != "if":
        parse.boundary("", noun=token in w.BE)


def _takes_of(parse: _Parse, tokens: list[str], place: int) -> int:
    """`The terms of the lease` becomes `lease terms`, as `the lease's terms` and `the lease terms` are."""
    words = parse.groups.get(parse.marker, [])
    head = words[parse.chunk :] if parse.noun else words[parse.chunk :][-1:]
    if not head or head[-1].raw in w.NOT_NOUNS:
        parse.boundary("of")
        parse.groups.setdefault("of", [])
        return 1
    end, start = place + 1, len(words) - len(head)
    inner = _Parse(parse.names)
    while end < len(tokens) and _may_follow_of(tokens, end):
        end += _take(inner, tokens, end)
    parse.mine |= inner.mine
    parse.participle |= inner.participle
    words[start:] = [*inner.groups.get("", []), *head]
    parse.chunk, parse.noun = start, True
    return end - place


def _may_follow_of(tokens: list[str], place: int) -> bool:
    token = tokens[place]
    if token == "of":
        return True
    grammar = token in _GRAMMAR or token.partition("=")[0] in w.MADE or token in (",", ";", "and", "or", "if")
    return token in w.ARTICLES or token == "my" or not grammar


def key_of(word: str) -> str:
    """What a word counts as: its stem when only an inflection was cut off (`policies`, `policy`; but not `organ` for
    `organization`), and the first of its synonyms."""
    word = _ISE.sub(r"iz\1", word.removesuffix("'s").removesuffix("'"))
    word = w.NUMBERS.get(word, word)
    stem = _stem(word)
    return _SYNONYMS.get(word) or _SYNONYMS.get(stem) or stem


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    if not word.isalpha():
        return word
    stem = str(_stemmer.stemWord(word))
    shared = next((at for at, (a, b) in enumerate(zip(stem, word)) if a != b), min(len(stem), len(word)))  # noqa: B905
    rest = word[shared:]
    if rest and shared and rest[0] == word[shared - 1]:  # `planned`, `shipping`
        rest = rest[1:]
    inflected = rest in _ENDINGS and stem[shared:] in ("", "e", "i", "y")
    return stem if inflected else word.removesuffix("s")


_SYNONYMS = {_stem(word): _stem(first) for word, first in w.SYNONYMS.items()}
