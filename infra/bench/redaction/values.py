"""Private values of our own making for ten locales, valid by their checksums."""

from __future__ import annotations

from collections.abc import Callable

from infra.bench.redaction.credentials import credential, password
from infra.bench.redaction.drawing import PatternDraw
from infra.bench.redaction.names import ADDRESSES, GIVEN, STREETS, SURNAMES, TOWNS
from infra.bench.redaction.national_ids import NationalIds
from infra.bench.redaction.numbers import Numbers

_FILLERS = {
    "order": "ORD-#######|20##-00####|#########|SO######-##|PO 45########|#######-###",
    "version": "%.##.#|%.%.##.####|1#.%.####|v%.#.%.#",
    "amount": "%,###.##|%#.###,##|%## ###|%#,###,###",
    "isbn": "978-3-16-1484##-0|978-0-306-40###-7|97814028946##",
    "date": "2023-0%-1#|1%/0%/2024|0%.1%.2022|March 1%, 2021|1% May 2020",
    "time": "1%:4#|0%:15:3#|%:3# pm",
    "code": "E-####|HX-##-%%|SKU ##-####|RMA#####|TS-%%-####/B",
    "number": "%#|%##|%####",
}


class Values:
    """Draws values with a seed of its own; `part` says whose names: 0 and 1 for tuning, 2 for the measure."""

    def __init__(self, seed: int, part: int) -> None:
        self._draw, self._part = PatternDraw(seed), part
        self._numbers, self._ids = Numbers(self._draw), NationalIds(self._draw)

    def value(self, kind: str, locale: str) -> str:
        """A value of the kind as people of the locale write it."""
        makers: dict[str, Callable[[str], str]] = {
            "email": self._email,
            "phone": self._numbers.phone,
            "card": lambda _: self._numbers.card(),
            "iban": self._numbers.iban,
            "ip": lambda _: self._numbers.ip(),
            "national_id": self._ids.draw,
            "credential": lambda _: credential(self._draw),
            "password": lambda _: password(self._draw, lambda: self.value("first", "us")),
            "person": self._person,
            "first": lambda locale: self._draw.choice(GIVEN[locale][self._part]),
            "last": lambda locale: self._draw.choice(SURNAMES[locale][self._part]),
            "address": self._address,
        }
        return makers[kind](locale)

    def filler(self, kind: str) -> str:
        """Something that is no private value and looks like one: an order number, a version, an amount."""
        return self._draw.some(_FILLERS[kind])

    def _both(self, locale: str) -> tuple[str, str]:
        return self.value("first", locale), self.value("last", locale)

    def _person(self, locale: str) -> str:
        given, surname = self._both(locale)
        forms = [f"{given} {surname}"] * 5
        forms += [f"{given} {self._draw.some('@')}. {surname}", f"{given} {surname}-{self.value('last', locale)}"]
        if locale == "nl":
            forms += [f"{given} van der {surname}", f"{given} de {surname}"]
        if locale in ("es", "br"):
            forms += [f"{given} {surname} {self.value('last', locale)}", f"{given} de {surname}"]
        return self._draw.choice(forms)

    def _email(self, locale: str) -> str:
        plain = str.maketrans("üéèöäßçñáíóúÉÁŁłąęśżźńćÓâãêô'", "ueeoascnaiouEALlaeszzncOaaeo_")
        given, surname = (name.translate(plain).lower().replace("-", "") for name in self._both(locale))
        users = (
            f"{given}.{surname}",
            f"{given[0]}{surname}",
            f"{given}_{surname}{self._draw.some('##')}",
            f"{surname}+news",
        )
        hosts = ("example.com", "mail.example.org", "post.example.co.uk", f"firma-{surname[:4]}.de", "acme.io")
        return f"{self._draw.choice(users)}@{self._draw.choice(hosts)}"

    def _address(self, locale: str) -> str:
        given, name = self._both(locale)
        address = self._draw.some(
            ADDRESSES[locale].format(town=self._draw.choice(TOWNS[locale]), given=given, name=name)
        )
        for street, others in STREETS.items() if self._part else ():
            address = address.replace(street, others[self._part - 1])
        return address
