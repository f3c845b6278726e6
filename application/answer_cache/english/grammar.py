"""Takes a question of English apart: how it asks, in which time and mood, and its words by what leads them."""

from __future__ import annotations

import re

import msgspec

from application.answer_cache.english import words as w

_TOKEN = re.compile(r"[$€£¥]|\^?\w+(?:[.,:/'=-]\w+)*|[,;]")
_POLAR = frozenset({*w.BE, *w.DO, *w.MODAL, *w.FUTURE, "has", "have", "had", "if", "whether"})


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
        self.subject = -1  # where the one who does something began

    def word(self, token: str) -> None:
        """A word that counts, after what leads it."""
        self.participle |= token.endswith("ed") or token in w.PARTICIPLES
        name = token.lstrip("^").removesuffix("'s") in self.names
        self.groups.setdefault(self.marker, []).append(Word(token, w.key_of(token), name))

    def boundary(self, marker: str, *, noun: bool = False) -> None:
        """What comes now is led by something else."""
        self.marker = marker
        self.begin(noun=noun)
        self.subject = -1 if noun else self.chunk

    def begin(self, *, noun: bool) -> None:
        """A new noun or verb begins here."""
        self.chunk, self.noun = len(self.groups.get(self.marker, ())), noun


def parse_question(said: str, names: frozenset[str]) -> Reading:
    """What a question says that was `rewritten`; `names` are words that are not to be bent."""
    parse = _Parse(names)
    tokens = _TOKEN.findall(said)
    place = 0
    while place < len(tokens):
        place += _take(parse, tokens, place)
    if len({pronoun for pronoun, _, _ in parse.pronouns}) > 1:  # who does it to whom
        for pronoun, marker, at in reversed(parse.pronouns):
            parse.groups.setdefault(marker, []).insert(at, Word(pronoun, pronoun, True))
    if not parse.asks:
        parse.asks.append("whether" if tokens and tokens[0] in _POLAR else "what")
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
        parse.subject = -1
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
    parse.boundary("", noun=kind in w.NOUN_FOLLOWS)
    if kind.startswith("how"):
        parse.subject = -1
    return True


def _takes_auxiliary(parse: _Parse, token: str) -> None:
    time = "future" if token in w.FUTURE else w.BE.get(token, w.DO.get(token, ""))
    parse.be |= token in w.BE
    parse.time = parse.time or time
    if not parse.asks and not parse.groups:
        parse.asks.append("whether")
    if parse.marker != "if":
        parse.boundary("", noun=token in w.BE and parse.asks[:1] not in ([], ["whether"]))


def _takes_of(parse: _Parse, tokens: list[str], place: int) -> int:
    """`The terms of the lease` becomes `lease terms`, as `the lease's terms` and `the lease terms` are. But not where a
    verb may follow: the boss of Anna pays is not that Anna pays the boss."""
    words = parse.groups.get(parse.marker, [])
    head = words[parse.chunk :] if parse.noun else words[parse.chunk :][-1:]
    end, start = place + 1, len(words) - len(head)
    inner = _Parse(parse.names)
    while end < len(tokens) and _may_follow_of(tokens, end):
        end += _take(inner, tokens, end)
    whose = inner.groups.get("", [])
    acts = any(word.raw.endswith(("ed", "ing")) or word.raw in w.PARTICIPLES for word in whose[1:])
    if not head or not whose or acts or head[-1].raw in w.NOT_NOUNS or start == parse.subject:
        parse.boundary("of", noun=True)
        parse.groups.setdefault("of", [])
        return 1
    parse.mine |= inner.mine
    parse.participle |= inner.participle
    words[start:] = [*whose, *head]
    parse.chunk, parse.noun = start, True
    return end - place


def _may_follow_of(tokens: list[str], place: int) -> bool:
    token = tokens[place]
    if token == "of":
        return True
    grammar = token in w.GRAMMAR or token.partition("=")[0] in w.MADE or token in (",", ";", "and", "or", "if")
    return token in w.ARTICLES or token == "my" or not grammar
