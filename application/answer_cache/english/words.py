"""The English that the guard of the semantic cache knows by the word: grammar, synonyms, and what a word counts as."""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ARTICLES = _set("a an the our your")
SIDES = {"we": "we", "us": "we", "our": "we", "you": "you", "your": "you"}
BE = {"is": "", "are": "", "am": "", "be": "", "being": "", "was": "past", "were": "past", "been": "been"}
DO = {"do": "", "does": "", "did": "past"}
FUTURE = frozenset({"will", "shall"})
MODAL = {
    "can": "can", "could": "can", "may": "can", "must": "must", "should": "should", "ought": "should",
    "might": "might", "would": "would",
}  # fmt: skip
# Prepositions of one class may stand for each other; what turns a question round is in no class with another.
PREPOSITION = {
    "in": "at", "at": "at", "on": "at", "of": "of", "for": "of", "to": "to", "into": "into", "from": "from",
    "with": "with", "without": "without", "by": "by", "before": "before", "after": "after", "during": "during",
    "until": "until", "till": "until", "since": "since", "over": "over", "under": "under", "above": "above",
    "below": "below",
    "between": "between", "through": "through", "about": "about", "against": "against", "per": "per", "as": "as",
    "than": "than", "except": "except", "inside": "inside", "outside": "outside", "within": "within", "via": "via",
    "using": "with", "beyond": "above", "regarding": "about", "out": "out", "off": "off", "up": "up", "down": "down",
}  # fmt: skip
ASKING = {
    "what": "what", "which": "what", "who": "who", "whose": "whose", "when": "when", "where": "where", "why": "why",
    "how": "how",
}  # fmt: skip
MADE = _set("howto howwe howis exist summary difference define meaning price whatdo")
"""Words that rewriting has put in the place of a way to ask."""
NOUN_FOLLOWS = _set("what which exist price summary define meaning difference")
"""After these comes a thing, not somebody who does something."""
MEASURES = _set("many much long often")
PRONOUNS = {"i": "i", "me": "i", "we": "we", "us": "we", "you": "you"}
GRAMMAR = (
    frozenset({*ARTICLES, *BE, *DO, *FUTURE, *MODAL, *PREPOSITION, *ASKING, *PRONOUNS})
    | _set("my if not no never have it he she they them and or so all")
)  # fmt: skip

# Irregular verbs as they end a passive, and their base.
PARTICIPLES = {
    "paid": "pay", "made": "make", "kept": "keep", "sent": "send", "held": "hold", "built": "build", "sold": "sell",
    "bought": "buy", "given": "give", "taken": "take", "written": "write", "done": "do", "seen": "see", "known": "know",
    "chosen": "choose", "shown": "show", "found": "find", "lost": "lose", "stolen": "steal", "broken": "break",
    "told": "tell", "taught": "teach", "left": "leave", "drawn": "draw", "driven": "drive", "worn": "wear",
    "eaten": "eat", "grown": "grow", "thrown": "throw", "spent": "spend", "lent": "lend", "led": "lead",
    "met": "meet", "won": "win",
}  # fmt: skip
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_TENS = {
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
_LARGE = {"hundred": 100, "dozen": 12}
NUMBERS = {word: str(n) for n, word in enumerate(_UNITS.split())} | {w: str(n) for w, n in (_TENS | _LARGE).items()}

_SYNONYMS = """
start begin commence
end finish
buy purchase
get obtain receive
change modify
delete erase
create generate
enable activate
disable deactivate
submit file
book reserve
raise increase
lower reduce decrease
contact reach
choose select pick
need require
allow permit
fix repair
help assist
show display
keep retain
occur happen
recover restore
build construct
use utilize
photo picture photograph
parcel package
employee staff
boss manager
error mistake
doctor physician
car automobile
shop store
cancellation cancel
payment pay
colour color
programme program
centre center
licence license
instalment installment
favourite favorite
cheque check
catalogue catalog
biggest largest
big large
small little
fast quick quickly rapidly
cheap inexpensive
expensive costly
maximum max maximal
minimum min minimal
broken defective
ill sick
documentation docs
information info
application app
administrator admin
temperature temp
approximately roughly
mandatory compulsory obligatory
whole entire
present current
euro eur €
dollar $
kg kilogram kilogramme
km kilometre kilometer
hour hrs
minute mins
phone telephone
position job
"""
SYNONYMS = {word: group.split()[0] for group in _SYNONYMS.strip().split("\n") for word in group.split()}

# Before `for` these nouns are what is asked about, as before `of`: `the fee for returns` is `the returns fee`.
RELATIONAL = _set(
    """
    policy deadline fee fees limit allowance requirements procedure process rule rules address password target
    budget name code discount rate warranty insurance price cost schedule period time form
    """
)
NOT_NOUNS = _set(
    """
    dispose think hear approve consist made inform remind accuse complain dream out instead because
    """
)
"""Words before `of` that are no noun with something of its own."""

CLEARLY_ENGLISH = _set(
    """
    the what how where when who why which does did should would could my your please list give tell show explain
    compare define summarise summarize need phone number
    """
)
ENGLISH = _set(
    """
    the what how where when who why which does did should would could my your please is are can do of to i with
    """
)
OTHER_LANGUAGES = _set(
    """
    der das und ist wie ich nicht el los las que por una como le les est et je il che di het een en och att jag
    hur vad wer wo warum comment quel quelle pourquoi où cómo qué quién dove quando perché quanto posso
    """
)

_ISE = re.compile(r"is(e|es|ed|ing|ation|ations)$")
_INFLECTION = re.compile(r"(?<=\w{4})(?:es|ed|ing|e|(?<!s)s)$")
_ENDINGS = frozenset(["", "e", "s", "es", "d", "ed", "ing", "y", "ies", "ied", "i", "'s", "'"])
_stemmer = snowballstemmer.stemmer("english")


LONGEST_WORD = 60
"""Letters; what is longer has no inflection that we know."""


def key_of(word: str) -> str:
    """What a word counts as: its stem when only an inflection was cut off (`policies`, `policy`; but not `organ` for
    `organization`), and the first of its synonyms."""
    word = _ISE.sub(r"iz\1", word.removesuffix("'s").removesuffix("'"))
    word = NUMBERS.get(word, word)
    stem = stem_of(word)
    return _BY_KEY.get(word) or _BY_KEY.get(stem) or stem


def stem_of(word: str) -> str:
    """The word without its inflection: by Porter's second English algorithm where it cuts off no more than that."""
    return _stem_of(word) if len(word) <= LONGEST_WORD and word.isalpha() else word


@lru_cache(maxsize=20_000)
def _stem_of(word: str) -> str:
    stem = str(_stemmer.stemWord(word))
    shared = next((at for at, (a, b) in enumerate(zip(stem, word)) if a != b), min(len(stem), len(word)))  # noqa: B905  # the shorter one ends it
    rest = word[shared:]
    if rest and shared and rest[0] == word[shared - 1]:  # `planned`, `shipping`
        rest = rest[1:]
    inflected = rest in _ENDINGS and stem[shared:] in ("", "e", "i", "y")
    return stem if inflected else _INFLECTION.sub("", word)


_BY_KEY = {stem_of(word): stem_of(first) for word, first in SYNONYMS.items()}
