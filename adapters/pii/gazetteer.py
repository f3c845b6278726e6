"""Given names and surnames of twenty-one countries, from Faker's lists, and which of them are ordinary words as well."""

from __future__ import annotations

import importlib
from functools import cache

import msgspec

_PEOPLE = (
    "en_US en_GB en_IN de_DE de_AT fr_FR es_ES es_MX it_IT nl_NL pl_PL pt_BR pt_PT sv_SE da_DK no_NO fi_FI cs_CZ ro_RO "
    "hu_HU tr_TR"
).split()
_WORDS = "en_US de_DE fr_FR es_ES it_IT nl_NL pl_PL".split()
_REALLY_NAMES = frozenset(
    "antonio carlos claire felipe fernando francisco françois jan jorge josé juan julio luis manuel martín maría miguel pablo pedro "
    "pierre piotr rafael sean ella stella donna victoria dan sam fleur santiago".split()
)
"""Words of Faker's sample texts that are names and nothing else where they begin with a capital."""
_ORDINARY = frozenset(
    """will mark may april june august grace hope bill rose jack art frank dean chase hunter mason faith joy iris ivy
    summer autumn winter dawn penny sue pat rob drew gene chance miles austin paris sydney florence charlotte jordan chad
    georgia virginia carolina victoria london chelsea brooklyn dakota savannah cheyenne madison houston dallas denver
    phoenix orlando lincoln jackson jefferson washington franklin carter cooper taylor tanner parker page price bond case
    cash clay cole colt cliff dale dell dusty ernest earnest eve fern forest gale glen grant guy heather holly honey
    jade jasmine jean jewel josh junior kit lance laurel lily lane lee major marina marshall max mercedes mercy mike mist
    olive opal patience pearl piper poppy prince princess queen king rain ray reed rich rocky ruby rusty sage sandy sky
    skip star stone storm terry theo tiffany tony trinity tripp van viola violet wade walker ward warren wendy west wren
    amber angel asia autumn basil bay berry blue brandy brook brooke buck bud candy carol charity cherry chip christian
    china christmas cinnamon clarity coral crystal daisy destiny diamond don earl easter eden ella else essence ever
    france freedom friday ginger glory gray guide hazel heaven india israel italia jean justice kale kansas karma
    legend lotus love magnolia march melody misty monday nova ocean old pansy peace pepper petal pilot precious promise
    rebel ridge river robin royal saint senator serenity shadow shore silver sierra spirit spring star sunny sunday
    tara tempest teal tiger time timber treasure truth valentine venus wisdom young zen bing do an man so can us my per
    the das die der ein eine und oder von mit bei ist sind war hat haben wie was wer wo nur noch auch sehr mehr als für
    mar sol luz paz cruz santos reyes reina rey mil dos tres son con sin para por una uno los las del que como
    mia cara bella bianca bruna celeste chiara serena luce stella fortuna vera rosa viola gioia grazia speranza
    marine aurore prudence solange constance clémence juste parfait désiré bienvenue noël ange olive
    long strong short best bank post field church street house home office order number account card phone email key
    word case rule plan data test team user admin support sales service help hello thanks thank regards dear sir madam
    aud baba dev edit elif eline lean lex lone meta peer owe said sep server sys ties tilde tone urban arts bail banks bird
    branch burns cal cases char cross dash english fields font foster golden gross handler held junk lie marks mast master
    pages parks pop powers sane sharp singleton weeks wise
    odd gun even tell bitte danke guten tag herr frau ort sonntag alle""".split()
)
_LEAST = 3


class Gazetteer(msgspec.Struct, frozen=True):
    """Names in lower case. `ordinary` are given names and surnames that alone say nothing, for they are words too."""

    given: frozenset[str]
    surnames: frozenset[str]
    ordinary: frozenset[str]


@cache
def gazetteer() -> Gazetteer:
    """The lists, read once a process (about half a second)."""
    given: set[str] = set()
    surnames: set[str] = set()
    for locale in _PEOPLE:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        given |= _names(provider, "first_name")
        surnames |= _names(provider, "last_name")
    words: set[str] = set()
    for locale in _WORDS:
        words.update(
            word.lower() for word in importlib.import_module(f"faker.providers.lorem.{locale}").Provider.word_list
        )
    return Gazetteer(frozenset(given), frozenset(surnames), frozenset(words - _REALLY_NAMES) | _ORDINARY)


def _names(provider: type, prefix: str) -> set[str]:
    """Every list of the provider whose name begins so; a double name gives its parts too."""
    names: set[str] = set()
    for attribute in dir(provider):
        values = getattr(provider, attribute)
        if attribute.startswith(prefix) and not callable(values):
            for name in values:
                names.update((name.lower(), *name.lower().replace("-", " ").split()))
    return {name for name in names if len(name) >= _LEAST}
