"""Given names and surnames of forty countries, from Faker's lists, and which of them are ordinary words too."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache

import msgspec

from adapters.pii.name_words import ORDINARY, REALLY_NAMES

_PEOPLE = (
    "en_US", "en_GB", "en_IE", "en_IN", "en_KE", "en_NZ", "en_PK", "de_DE", "de_AT", "de_CH", "de_LU", "fr_FR", "fr_BE",
    "fr_CA", "fr_CH", "fr_QC", "es_ES", "es_MX", "es_AR", "es_CL", "es_CO", "it_IT", "nl_NL", "nl_BE", "pl_PL", "pt_BR",
    "pt_PT", "sv_SE", "da_DK", "no_NO", "fi_FI", "cs_CZ", "sk_SK", "sl_SI", "hr_HR", "ro_RO", "hu_HU", "tr_TR", "et_EE",
    "lt_LT", "lv_LV",
)  # fmt: skip
_WORDS = ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL")
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
    return Gazetteer(frozenset(given), frozenset(surnames), frozenset(words - REALLY_NAMES) | ORDINARY)


def _names(provider: type, prefix: str) -> set[str]:
    """Every list of the provider whose name begins so; a double name gives its parts too."""
    names: set[str] = set()
    for attribute in dir(provider):
        values = getattr(provider, attribute)
        if attribute.startswith(prefix) and isinstance(values, Iterable):
            for name in values:
                names.update((name.lower(), *name.lower().replace("-", " ").split()))
    return {name for name in names if len(name) >= _LEAST}
