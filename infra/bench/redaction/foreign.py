"""Texts with private values that Faker draws, for twelve locales and in six styles."""

from __future__ import annotations

import random  # noqa: TID251  # a corpus that is the same in every run
import re
from collections.abc import Callable, Iterator

from faker import Faker

from application.ports.models.detector import Span
from infra.bench.redaction.benchmark import Sentence
from infra.bench.redaction.foreign_sentences import FORMS, HARMLESS, SPOKEN, WORDS

_MARK = re.compile(r"\{\{|\}\}|\{(~?\w+)\}")
_NATIONAL = {
    "en_US": "ssn", "en_GB": "ssn", "fr_FR": "ssn", "es_ES": "nif", "it_IT": "ssn", "nl_NL": "ssn", "pl_PL": "pesel",
    "pt_BR": "cpf", "sv_SE": "ssn",
}  # fmt: skip
"""Faker's provider of a national number, where it draws one that the country would give."""
_NO_IBAN = ("en_US", "ru_RU", "ja_JP", "sv_SE")
_VERSIONS = ("%.#.##", "%.##.#.###", "v%.%.#", "%#.#.####.##")
TUNING, JUDGED = 0, 1


class _Draw:
    def __init__(self, locale: str, seed: int) -> None:
        self.fake, self.locale, self.random = Faker(locale), locale, random.Random(seed)
        self.fake.seed_instance(seed)

    def value(self, kind: str) -> str:
        """A private value, or with a tilde before its kind something that is none."""
        makers: dict[str, Callable[[], str]] = {
            "person": self.fake.name,
            "phone": self.fake.phone_number,
            "email": self.fake.email,
            "card": self._card,
            "iban": self._iban,
            "national_id": lambda: str(getattr(self.fake, _NATIONAL[self.locale])()),
            "ip": lambda: self.fake.ipv4_public() if self.random.random() < 0.7 else self.fake.ipv6(),
            "credential": lambda: self.fake.password(length=self.random.randint(8, 16)),
            "address": lambda: self.fake.address().replace("\n", ", "),
            "~order": self._order,
            "~version": lambda: self.fake.numerify(
                self.random.choice(("%.#.##", "%.##.#.###", "v%.%.#", "%#.#.####.##"))
            ),
            "~hex": lambda: self.fake.sha1()[: self.random.choice((7, 16, 40))],
            "~uuid": lambda: str(self.fake.uuid4()),
            "~isbn": self.fake.isbn13,
            "~epoch": lambda: str(self.random.randint(1_500_000_000, 1_900_000_000) * self.random.choice((1, 1000))),
            "~stamp": self.fake.iso8601,
            "~date": self.fake.date,
            "~coordinates": lambda: f"{self.fake.latitude()}, {self.fake.longitude()}",
            "~number": lambda: str(self.random.randint(1, 9_999)),
            "~amount": lambda: f"{self.random.randint(1, 9_999):,}.{self.random.randint(0, 99):02}",
        }
        return makers[kind]()

    def _order(self) -> str:
        return self.fake.bothify(
            self.random.choice(("##########", "####-######", "ORD-########", "??######", "20##/######", "#######-##"))
        ).upper()

    def _card(self) -> str:
        digits = self.fake.credit_card_number()
        return " ".join(digits[n : n + 4] for n in range(0, len(digits), 4)) if self.random.random() < 0.4 else digits

    def _iban(self) -> str:
        iban = self.fake.iban()
        return " ".join(iban[n : n + 4] for n in range(0, len(iban), 4)) if self.random.random() < 0.5 else iban


def foreign(part: int, each: int, seed: int) -> list[Sentence]:
    """Of every sentence and form of a part, `each` in every locale, and half as many harmless ones as there are forms;
    the rules were made by looking at `TUNING`, they are judged by `JUDGED`."""
    made: list[Sentence] = []
    for locale in WORDS:
        draw = _Draw(locale, seed * 1_000 + len(made))
        for template in (*SPOKEN[locale][part].split("\n"), *FORMS[part], *HARMLESS[part]):
            made += list(_filled(template, locale, draw, each))
    return made


def _filled(template: str, locale: str, draw: _Draw, each: int) -> Iterator[Sentence]:
    words = dict(zip((f"w{n}" for n in range(8)), WORDS[locale].split("|"), strict=True))
    marks = {mark[1] for mark in _MARK.finditer(template) if mark[1]}
    if any(not words[mark] for mark in marks if mark in words) or not marks:
        return
    if ("national_id" in marks and locale not in _NATIONAL) or ("iban" in marks and locale in _NO_IBAN):
        return
    for _ in range(each):
        text, spans, done = "", [], 0
        for mark in _MARK.finditer(template):
            text += template[done : mark.start()]
            done = mark.end()
            kind = mark[1]
            made = mark[0][0] if kind is None else words[kind] if kind in words else draw.value(kind)
            if kind and kind not in words and kind[0] != "~":
                spans.append(Span(kind, len(text), len(text) + len(made)))
            text += made
        yield Sentence(text + template[done:], tuple(spans), locale)
