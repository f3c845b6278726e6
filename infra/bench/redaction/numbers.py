"""Numbers of phones, cards, accounts and machines, valid by their checksums."""

from __future__ import annotations

from stdnum import iban, luhn

from infra.bench.redaction.drawing import PatternDraw

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


class Numbers:
    """As people write them."""

    def __init__(self, draw: PatternDraw) -> None:
        self._draw = draw

    def phone(self, locale: str) -> str:
        """A telephone number."""
        return self._draw.some(_PHONES[locale])

    def card(self) -> str:
        """A card's number."""
        start = self._draw.choice(("4", "4", "51", "53", "55", "2221", "37", "34", "6011", "3530"))
        length = 15 if start in ("37", "34") else 16
        body = start + self._draw.some("#" * (length - 1 - len(start)))
        digits = body + luhn.calc_check_digit(body)
        groups = (4, 10, 15) if length == 15 else (4, 8, 12, 16)
        parts = [digits[a:b] for a, b in zip((0, *groups), groups, strict=False)]
        return self._draw.choice(("", " ", " ", "-")).join(parts)

    def iban(self, locale: str) -> str:
        """An account's number."""
        pattern, number = _IBANS.get(locale, _IBANS_ELSEWHERE), ""
        while not iban.is_valid(number, check_country=True):
            made = self._draw.some(pattern)
            number = made[:2] + str(iban.calc_check_digits(f"{made[:2]}00{made[2:]}")) + made[2:]
        spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return self._draw.choice((number, spaced, spaced))

    def ip(self) -> str:
        """An address of the internet, of either version."""
        draw = self._draw.randrange
        if draw(4):
            return f"{draw(11, 223)}.{draw(256)}.{draw(256)}.{draw(1, 255)}"
        words = [f"{draw(1, 65_536):x}" for _ in range(4)]
        return self._draw.choice((f"2001:db8:{words[0]}::{words[1]}", f"fe80::{':'.join(words)}"))
