"""Private values of our own making for ten locales, valid by their checksums."""

from __future__ import annotations

import random  # noqa: TID251  # a corpus that is drawn, the same in every run
import re
import string
from base64 import urlsafe_b64encode
from collections.abc import Callable

from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import ssn

from infra.bench.redaction.names import ADDRESSES, GIVEN, STREETS, SURNAMES, TOWNS

_PHONES = {
    "us": "(%1%) %%#-####|%1%-%%#-####|+1 %1% %%# ####|%1%.%%#.####|1-%1%-%%#-####",
    "gb": "020 7946 0###|07700 900###|+44 20 7946 0###|+44 7700 900###|(01632) 960###|0161 496 0###",
    "de": "030 23125 ###|+49 30 23125###|0171 39200##|(089) 99998-###|0221 4710 ###|+49 (0)40 66969 ###",
    "fr": "01 99 00 ## ##|+33 1 99 00 ## ##|06 39 98 ## ##|04.65.71.##.##|+33639980###",
    "es": "+34 6%# ### ###|6%# ### ###|91% ### ###|6%# ## ## ##",
    "it": "+39 06 5%## ####|34% ### ####|02 4%## ####|+39 33% #######",
    "nl": "+31 6 1%######|06-2%######|020-6%# ####|+31 (0)20 6%# ####",
    "pl": "+48 5%# ### ###|60% ### ###|+48 22 8%# ## ##|50%-###-###",
    "br": "(11) 9%###-####|+55 21 9%###-####|(41) 3%##-####",
    "in": "+91 98%## #####|098%# ######|+91-98%###-####",
}
"""Telephone numbers, most of them from ranges that are kept for fiction."""
_IBANS = {
    "de": "DE##################",
    "gb": "GBWEST##############",
    "fr": "FR#######################",
    "es": "ES####################",
    "it": "ITX######################",
    "nl": "NLABNA##########",
    "pl": "PL########################",
    "br": "BR#######################P1",
}
_IBANS_ELSEWHERE = "AT################|CH#################"
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
_DIGIT_IDS: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "us": (ssn.is_valid, "%#%%#####", "3-5-9"),
    "de": (idnr.is_valid, "%##########", "2 5 8 11"),
    "nl": (bsn.is_valid, "########%", "9"),
    "pl": (pesel.is_valid, "%#0%1######", "11"),
    "br": (cpf.is_valid, "###########", "3.6.9-11"),
}
"""By locale: the check, the digits to try, and where the groups end with what stands between them."""


class Values:
    """Draws values with a seed of its own; `part` says whose names: 0 and 1 for tuning, 2 for the measure."""

    def __init__(self, seed: int, part: int) -> None:
        self._draw = random.Random(seed)  # a corpus that is the same in every run
        self._part = part

    def value(self, kind: str, locale: str) -> str:
        """A value of the kind as people of the locale write it."""
        makers: dict[str, Callable[[str], str]] = {
            "email": self._email,
            "phone": lambda locale: self._some(_PHONES[locale]),
            "card": self._card,
            "iban": self._iban,
            "ip": self._ip,
            "national_id": self._national_id,
            "credential": self._credential,
            "password": self._password,
            "person": self._person,
            "first": lambda locale: self._draw.choice(GIVEN[locale][self._part]),
            "last": lambda locale: self._draw.choice(SURNAMES[locale][self._part]),
            "address": self._address,
        }
        return makers[kind](locale)

    def filler(self, kind: str) -> str:
        """Something that is no private value and looks like one: an order number, a version, an amount."""
        return self._some(_FILLERS[kind])

    def _some(self, patterns: str) -> str:
        """One of the patterns: `#` is a digit, `%` a digit from 2 to 8, `@` a letter."""
        pattern = self._draw.choice(patterns.split("|"))
        table = {"#": string.digits, "%": "2345678", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
        return "".join(self._draw.choice(table[c]) if c in table else c for c in pattern)

    def _until(self, pattern: str, valid: Callable[[str], bool]) -> str:
        while not valid(number := self._some(pattern)):
            pass
        return number

    def _both(self, locale: str) -> tuple[str, str]:
        return self.value("first", locale), self.value("last", locale)

    def _person(self, locale: str) -> str:
        given, surname = self._both(locale)
        forms = [f"{given} {surname}"] * 5
        forms += [f"{given} {self._some('@')}. {surname}", f"{given} {surname}-{self.value('last', locale)}"]
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
            f"{given}_{surname}{self._some('##')}",
            f"{surname}+news",
        )
        hosts = ("example.com", "mail.example.org", "post.example.co.uk", f"firma-{surname[:4]}.de", "acme.io")
        return f"{self._draw.choice(users)}@{self._draw.choice(hosts)}"

    def _card(self, locale: str) -> str:
        start = self._draw.choice(("4", "4", "51", "53", "55", "2221", "37", "34", "6011", "3530"))
        length = 15 if start in ("37", "34") else 16
        body = start + self._some("#" * (length - 1 - len(start)))
        digits = body + luhn.calc_check_digit(body)
        groups = (4, 10, 15) if length == 15 else (4, 8, 12, 16)
        parts = [digits[a:b] for a, b in zip((0, *groups), groups, strict=False)]
        return self._draw.choice(("", " ", " ", "-")).join(parts)

    def _iban(self, locale: str) -> str:
        pattern, number = _IBANS.get(locale, _IBANS_ELSEWHERE), ""
        while not iban.is_valid(number, check_country=True):
            made = self._some(pattern)
            number = made[:2] + str(iban.calc_check_digits(f"{made[:2]}00{made[2:]}")) + made[2:]
        spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return self._draw.choice((number, spaced, spaced))

    def _ip(self, locale: str) -> str:
        draw = self._draw.randrange
        if draw(4):
            return f"{draw(11, 223)}.{draw(256)}.{draw(256)}.{draw(1, 255)}"
        words = [f"{draw(1, 65_536):x}" for _ in range(4)]
        return self._draw.choice((f"2001:db8:{words[0]}::{words[1]}", f"fe80::{':'.join(words)}"))

    def _national_id(self, locale: str) -> str:
        special: dict[str, Callable[[], str]] = {
            "gb": lambda: self._some("AB ## ## ## C|JM######D"),
            "in": self._indian_id,
            "it": lambda: self._until("RSSMRA8#A1#H501@", codicefiscale.is_valid),
            "es": self._spanish_id,
            "fr": self._french_id,
        }
        if locale in special:
            return special[locale]()
        valid, pattern, groups = _DIGIT_IDS[locale]
        digits, start, made = self._until(pattern, valid), 0, ""
        for end, mark in re.findall(r"([0-9]+)([^0-9]?)", groups):
            made += digits[start : int(end)] + mark
            start = int(end)
        return made

    def _indian_id(self) -> str:
        digits = self._until("%###########", aadhaar.is_valid)
        return self._draw.choice((f"{digits[:4]} {digits[4:8]} {digits[8:]}", self._some("@@@P@####@")))

    def _spanish_id(self) -> str:
        forms = (("########@", dni.is_valid), ("X#######@", nie.is_valid), ("%#######-@", dni.is_valid))
        return self._until(*self._draw.choice(forms))

    def _french_id(self) -> str:
        digits = self._some("18%0%7%0##0##")
        whole = digits + str(nir.calc_check_digits(digits))
        spaced = f"{whole[0]} {whole[1:3]} {whole[3:5]} {whole[5:7]} {whole[7:10]} {whole[10:13]} {whole[13:]}"
        return self._draw.choice((whole, spaced))

    def _letters(self, n: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        return "".join(self._draw.choices(alphabet, k=n))

    def _credential(self, locale: str) -> str:
        """A key or token of a form that its issuer gave it, in two parts so that no scanner takes this for one."""
        letters = self._letters
        claims = urlsafe_b64encode(letters(24).encode()).decode().rstrip("=")
        made = (
            "AKI" + "A" + letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            "gh" + "p_" + letters(36),
            "xox" + "b-" + self._some("##########-") + letters(24),
            "sk_" + "live_" + letters(24),
            "ey" + f"JhbGciOiJIUzI1NiJ9.ey{claims}.{letters(43)}",
            "AI" + "za" + letters(35),
            "glp" + "at-" + letters(20),
            "sk-" + "ant-api03-" + letters(40),
            "-----BEGIN " + f"PRIVATE KEY-----\n{letters(64)}\n{letters(40)}\n-----END PRIVATE KEY-----",
        )
        return self._draw.choice(made)

    def _password(self, locale: str) -> str:
        made = (
            self._letters(6) + self._some("##!"),
            self.value("first", "us") + self._some("####"),
            "Tr0ub" + self._some("##&%"),
            self._letters(14) + self._some("#"),
        )
        return self._draw.choice(made)

    def _address(self, locale: str) -> str:
        given, name = self._both(locale)
        address = self._some(ADDRESSES[locale].format(town=self._draw.choice(TOWNS[locale]), given=given, name=name))
        for street, others in STREETS.items() if self._part else ():
            address = address.replace(street, others[self._part - 1])
        return address
