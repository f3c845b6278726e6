"""National identity, tax and social security numbers of thirty countries, by their checksums.

Where a checksum is weak (one digit) and the number is written without its usual grouping, a word that says what it is
must stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec
from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs, utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as teudat
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import cc, nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_id

from application.ports.detector import Span

Check = Callable[[str], bool]
Shape = tuple[int, ...]


class Numeric(msgspec.Struct, frozen=True):
    """A number of digits alone. In one of `shapes` (lengths of its groups) it is taken as it stands; in any other only
    after a word of `hint`."""

    sizes: tuple[int, ...]
    check: Check
    hint: str
    shapes: tuple[Shape, ...] = ()
    score: float = 1.0


_TAX = "tax id|tin\\b|steuer|idnr|fiscal|contribuinte|tax file|taxpayer"
NUMERIC: tuple[Numeric, ...] = (
    Numeric((9,), ssn.is_valid, "ssn|social security|social\\b", ((3, 2, 4),)),
    Numeric((9,), itin.is_valid, "itin|taxpayer|tax id", ((3, 2, 4),)),
    Numeric((9,), sin.is_valid, "\\bsin\\b|social insurance|assurance sociale|\\bnas\\b", ((3, 3, 3),), 0.7),
    Numeric((9,), bsn.is_valid, "bsn|burgerservice|sofi|citizen service"),
    Numeric((9,), nif.is_valid, "nif|contribuinte|fiscal"),
    Numeric((8, 9), tfn.is_valid, "tfn|tax file"),
    Numeric((9,), teudat.is_valid, "teudat|israeli? id"),
    Numeric((10,), nhs.is_valid, "nhs|health service"),
    Numeric((10,), utr.is_valid, "\\butr\\b|taxpayer reference"),
    Numeric((10,), vnr.is_valid, "sozialversicherung|versicherungsnummer|svnr|sv-nummer|insurance number"),
    Numeric((10,), egn.is_valid, "egn|егн"),
    Numeric((10,), rc.is_valid, "rodné číslo|rodne cislo|birth number", ((6, 4),), 0.8),
    Numeric((10,), cpr.is_valid, "cpr|personnummer", ((6, 4),), 0.8),
    Numeric((10, 12), personnummer.is_valid, "personnummer|personal (?:identity )?number", ((6, 4), (8, 4))),
    Numeric((11,), idnr.is_valid, _TAX, ((2, 3, 3, 3),)),
    Numeric((11,), pesel.is_valid, "pesel", ((11,),)),
    Numeric((11,), cpf.is_valid, "cpf", ((11,), (3, 3, 3, 2), (9, 2))),
    Numeric((11,), fodselsnummer.is_valid, "fødselsnummer|fodselsnummer|personnummer", ((11,), (6, 5))),
    Numeric((11,), nn.is_valid, "rijksregister|registre national|national number", ((11,), (2, 2, 2, 3, 2), (6, 3, 2))),
    Numeric((11,), tckimlik.is_valid, "kimlik|\\btc\\b", ((11,),)),
    Numeric((11,), cuit.is_valid, "cuit|cuil", ((2, 8, 1),)),
    Numeric((11,), amka.is_valid, "amka", ((11,),)),
    Numeric((11,), ik.is_valid, "isikukood|asmens kodas|personal code", ((11,),)),
    Numeric((11,), oib.is_valid, "oib"),
    Numeric((12,), aadhaar.is_valid, "aadhaar|aadhar|uidai|\\buid\\b", ((4, 4, 4),)),
    Numeric((13,), ahv.is_valid, "ahv|avs|social", ((13,), (3, 4, 4, 2))),
    Numeric((13,), rrn.is_valid, "rrn|resident registration", ((6, 7),)),
    Numeric((13,), cnp.is_valid, "cnp|cod numeric", ((13,),)),
    Numeric((13,), za_id.is_valid, "south african|id number|\\bid\\b", ((13,), (6, 4, 3), (6, 4, 2, 1))),
    Numeric((15,), nir.is_valid, "insee|sécu|secu|nir\\b", ((15,), (13, 2), (1, 2, 2, 2, 3, 3, 2))),
    Numeric((18,), ric.is_valid, "resident identity", ((18,),)),
)
_BY_SIZE: dict[int, list[Numeric]] = {}
for _number in NUMERIC:
    for _size in _number.sizes:
        _BY_SIZE.setdefault(_size, []).append(_number)
_HINT = {number.hint: re.compile(number.hint, re.IGNORECASE) for number in NUMERIC}
HINT_REACH = 48
"""How far before a number the word may stand that says what it is, in characters."""


def _is_nric(text: str) -> bool:
    """Singapore: a weighted sum of seven digits picks the last letter (the algorithm is public, if unofficial)."""
    text = text.upper()
    series = text[0]
    total = sum(int(digit) * weight for digit, weight in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(series, 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    rest = total % 11
    return letters[series][10 - rest if series == "M" else rest] == text[8]


_NINO_NOT = frozenset({"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"})
LETTERED: tuple[tuple[str, Check], ...] = (
    (
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ -]?[0-9]{2}){3}[ -]?[A-D]",
        lambda text: text[:2].upper() not in _NINO_NOT,
    ),
    (r"[0-9]{8}[ -]?[A-HJ-NP-TV-Z]|[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-HJ-NP-TV-Z]", dni.is_valid),
    (r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]", nie.is_valid),
    (r"[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3}[A-Z]", codicefiscale.is_valid),
    (r"[A-Z]{3}[ABCFGHLJPTF][A-Z][0-9]{4}[A-Z]", pan.is_valid),
    (r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid),
    (r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", curp.is_valid),
    (r"[0-9]{7}[A-W][A-IW]?", pps.is_valid),
    (r"[0-9]{17}X", ric.is_valid),
    (r"[0-9]{9}[A-Z0-9]{2}[0-9]|[0-9]{8} [0-9] [A-Z0-9]{2}[0-9]", cc.is_valid),
    (r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-[0-9Kk]", rut.is_valid),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", nir.is_valid),
    (r"[STFGM][0-9]{7}[A-Z]", _is_nric),
)
_LETTERED = re.compile(
    r"(?:" + "|".join(f"(?P<n{n}>{pattern})" for n, (pattern, _) in enumerate(LETTERED)) + r")(?!\w|[.-]\w)",
    re.IGNORECASE,
)
_START = re.compile(r"(?<![\w.])(?:[A-Za-z]{3} [A-Za-z]{3} |[A-Za-z]{1,6}+[ -]?)?[0-9]")
"""Where an id with letters may begin: few letters, then a digit."""
_RUN = re.compile(r"(?<![\w.,#])[0-9](?:(?:[ \u00a0./_-]| - )?[0-9]){7,28}(?![\w])")
_GROUP = re.compile(r"[0-9]+")
_DOCUMENT = re.compile(
    r"\b(?:passport|passeport|pasaporte|passaporto|reisepass|paspoort|paszport\w*|driv(?:er|ing)(?:'s|s)? licen[cs]e"
    r"|führerschein|permis de conduire|permiso de conducir|patente|rijbewijs|prawo jazdy|identity card|id card"
    r"|personalausweis|ausweis|carte d'identité|carta d'identità|dowód osobisty|voter id|medicare)"
    r"(?:\s?(?:no|nr|number|nummer|num[eé]ro|número|numer|card)?\b[\s.:#°º]{0,3}(?:(?:is|ist|est|es|è|lautet|to)\s)?)"
    r"([A-Z0-9](?:[ -]?[A-Z0-9]){4,17})(?!\w)",
    re.IGNORECASE,
)
_ALL_DOCUMENTS = (
    "passp|pasap|reisep|paspo|paszp|licen|schein|condu|patente|rijbew|prawo|ident|id card|ausweis|dowód|voter|medicare"
)
_DOCUMENTS = _ALL_DOCUMENTS.split("|")
"""Parts of the words above: a text without any need not be searched for them."""


def national_ids(text: str) -> Iterator[Span]:
    """Numbers that a country gives to a person."""
    for run in _RUN.finditer(text):
        yield from _numeric(text, [group.span() for group in _GROUP.finditer(text, *run.span())])
    for start in _START.finditer(text):
        for place in {start.start(), start.end() - 1}:
            match = None if text[place - 1 : place].isalnum() else _LETTERED.match(text, place)
            if match and LETTERED[int((match.lastgroup or "n0")[1:])][1](match[0].replace(" ", "")):
                yield Span("national_id", *match.span())
    for match in _DOCUMENT.finditer(text) if any(word in text.lower() for word in _DOCUMENTS) else ():
        if sum(character.isdigit() for character in match[1]) >= 4:
            yield Span("national_id", *match.span(1), 0.9)


def _numeric(text: str, groups: list[tuple[int, int]]) -> Iterator[Span]:
    """Windows of whole groups, the longest first found from each place."""
    for first in range(len(groups)):
        digits = ""
        shape: Shape = ()
        for start, end in groups[first : first + 8]:
            digits += text[start:end]
            shape = (*shape, end - start)
            for number in _BY_SIZE.get(len(digits), ()):
                said = _hinted(text, groups[first][0], number)
                if (said or shape in number.shapes) and number.check(digits):
                    yield Span("national_id", groups[first][0], end, 1.0 if said else number.score)
                    break


def _hinted(text: str, start: int, number: Numeric) -> bool:
    return _HINT[number.hint].search(text, max(0, start - HINT_REACH), start) is not None
