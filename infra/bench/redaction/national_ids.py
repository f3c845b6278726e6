"""National identity numbers of ten countries, valid by their checksums."""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import ssn

from infra.bench.redaction.drawing import PatternDraw

_DIGIT_IDS: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "us": (ssn.is_valid, "%#%%#####", "3-5-9"),
    "de": (idnr.is_valid, "%##########", "2 5 8 11"),
    "nl": (bsn.is_valid, "########%", "9"),
    "pl": (pesel.is_valid, "%#0%1######", "11"),
    "br": (cpf.is_valid, "###########", "3.6.9-11"),
}
"""By locale: the check, the digits to try, and where the groups end with what stands between them."""


class NationalIds:
    """As people of a locale write them."""

    def __init__(self, draw: PatternDraw) -> None:
        self._draw = draw

    def draw(self, locale: str) -> str:
        """One of a locale."""
        special: dict[str, Callable[[], str]] = {
            "gb": lambda: self._draw.some("AB ## ## ## C|JM######D"),
            "in": self._indian_id,
            "it": lambda: self._draw.until("RSSMRA8#A1#H501@", codicefiscale.is_valid),
            "es": self._spanish_id,
            "fr": self._french_id,
        }
        if locale in special:
            return special[locale]()
        valid, pattern, groups = _DIGIT_IDS[locale]
        digits, start, made = self._draw.until(pattern, valid), 0, ""
        for end, mark in re.findall(r"([0-9]+)([^0-9]?)", groups):
            made += digits[start : int(end)] + mark
            start = int(end)
        return made

    def _indian_id(self) -> str:
        digits = self._draw.until("%###########", aadhaar.is_valid)
        return self._draw.choice((f"{digits[:4]} {digits[4:8]} {digits[8:]}", self._draw.some("@@@P@####@")))

    def _spanish_id(self) -> str:
        forms = (("########@", dni.is_valid), ("X#######@", nie.is_valid), ("%#######-@", dni.is_valid))
        return self._draw.until(*self._draw.choice(forms))

    def _french_id(self) -> str:
        digits = self._draw.some("18%0%7%0##0##")
        whole = digits + str(nir.calc_check_digits(digits))
        spaced = f"{whole[0]} {whole[1:3]} {whole[3:5]} {whole[5:7]} {whole[7:10]} {whole[10:13]} {whole[13:]}"
        return self._draw.choice((whole, spaced))
