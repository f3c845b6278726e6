"""National identity, tax and social security numbers of thirty countries, by their checksums.

Where a checksum is weak (one digit) and the number is written without its usual grouping, a word that says what it is
must stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec
from stdnum import numdb
from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.au import tfn
from stdnum.bg import egn
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.dk import cpr
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs, utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as teudat
from stdnum.in_ import pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.pt import cc, nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import itin
from stdnum.za import idnr as za_id

from adapters.pii.grouped_digits import SHAPES, Shape, begins_of, groups_of, place_of, windows
from adapters.pii.person_numbers import (
    is_aadhaar,
    is_cpf,
    is_dni,
    is_fodselsnummer,
    is_idnr,
    is_ik,
    is_nie,
    is_nir,
    is_nn,
    is_pesel,
    is_sin,
    is_ssn,
)
from adapters.pii.stretches import Found, Nearby, found
from adapters.pii.word_starts import starts
from application.ports.models.detector import Span

Check = Callable[[str], bool]


class Numeric(msgspec.Struct, frozen=True):
    """A number of digits alone. In one of `shapes` (lengths of its groups) it is taken as it stands; in any other only
    after a word of `hint`."""

    sizes: tuple[int, ...]
    check: Check
    hint: str
    shapes: tuple[Shape, ...] = ()
    score: float = 1.0


def _is_ric(digits: str) -> bool:
    """A number of a county that the library's table leaves out is none."""
    try:
        return bool(ric.is_valid(digits))
    except KeyError:
        return False


_TAX = "tax id|tin\\b|steuer|idnr|fiscal|contribuinte|tax file|taxpayer"
NUMERIC: tuple[Numeric, ...] = (
    Numeric((9,), is_ssn, "ssn|social security|social\\b", ((3, 2, 4),)),
    Numeric((9,), itin.is_valid, "itin|taxpayer|tax id", ((3, 2, 4),)),
    Numeric((9,), is_sin, "\\bsin\\b|social insurance|assurance sociale|\\bnas\\b", ((3, 3, 3),), 0.7),
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
    Numeric((11,), is_idnr, _TAX, ((2, 3, 3, 3),)),
    Numeric((11,), is_pesel, "pesel", ((11,),)),
    Numeric((11,), is_cpf, "cpf", ((11,), (3, 3, 3, 2), (9, 2))),
    Numeric((11,), is_fodselsnummer, "fødselsnummer|fodselsnummer|personnummer", ((11,), (6, 5))),
    Numeric((11,), is_nn, "rijksregister|registre national|national number", ((11,), (2, 2, 2, 3, 2), (6, 3, 2))),
    Numeric((11,), tckimlik.is_valid, "kimlik|\\btc\\b", ((11,),)),
    Numeric((11,), cuit.is_valid, "cuit|cuil", ((2, 8, 1),)),
    Numeric((11,), amka.is_valid, "amka", ((11,),)),
    Numeric((11,), is_ik, "isikukood|asmens kodas|personal code", ((11,),)),
    Numeric((11,), oib.is_valid, "oib"),
    Numeric((12,), is_aadhaar, "aadhaar|aadhar|uidai|\\buid\\b", ((4, 4, 4),)),
    Numeric((13,), ahv.is_valid, "ahv|avs|social", ((13,), (3, 4, 4, 2))),
    Numeric((13,), rrn.is_valid, "rrn|resident registration", ((6, 7),)),
    Numeric((13,), cnp.is_valid, "cnp|cod numeric", ((13,),)),
    Numeric((13,), za_id.is_valid, "south african|id number|\\bid\\b", ((13,), (6, 4, 3), (6, 4, 2, 1))),
    Numeric((15,), is_nir, "insee|sécu|secu|nir\\b", ((15,), (13, 2), (1, 2, 2, 2, 3, 3, 2))),
    Numeric((18,), _is_ric, "resident identity", ((18,),)),
)
_BY_SIZE: dict[int, list[Numeric]] = {}
_BY_SHAPE: dict[Shape, list[Numeric]] = {}
for _number in NUMERIC:
    for _size in _number.sizes:
        _BY_SIZE.setdefault(_size, []).append(_number)
    for _shape in _number.shapes:
        _BY_SHAPE.setdefault(_shape, []).append(_number)
_HINT = {number.hint: re.compile(number.hint) for number in NUMERIC}
_ANY_HINT = re.compile(starts("|".join(_HINT).replace("\\b", ""), begins=""))
"""No number nearby has its word where this finds nothing."""
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
    (r"[0-9]{8}[ -]?[A-HJ-NP-TV-Z]|[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-HJ-NP-TV-Z]", is_dni),
    (r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]", is_nie),
    (r"[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3}[A-Z]", codicefiscale.is_valid),
    (r"[A-Z]{3}[ABCFGHLJPTF][A-Z][0-9]{4}[A-Z]", pan.is_valid),
    (r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid),
    (r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", curp.is_valid),
    (r"[0-9]{7}[A-W][A-IW]?", pps.is_valid),
    (r"[0-9]{17}X", _is_ric),
    (r"[0-9]{9}[A-Z0-9]{2}[0-9]|[0-9]{8} [0-9] [A-Z0-9]{2}[0-9]", cc.is_valid),
    (r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-[0-9Kk]", rut.is_valid),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", nir.is_valid),
    (r"[STFGM][0-9]{7}[A-Z]", _is_nric),
)


def _behind_first(form: str) -> str:
    """The pattern of a form for a place behind its first character, in small letters. It begins with a set of them."""
    kind, bracket, rest = form.lower().partition("]")
    least, _, most = rest[1:].partition("}")[0].partition(",") if rest.startswith("{") else ("1", "", "")
    rest = rest.partition("}")[2] if rest.startswith("{") else rest
    times = f"{int(least) - 1},{int(most) - 1}" if most else f"{int(least) - 1}"
    return rf"(?<={kind}]){kind}{bracket}{{{times}}}{rest}"


def _forms(of_digits: bool) -> str:
    """All forms that begin with a digit, or those that begin with a letter, each with its name."""
    return "|".join(
        f"{_behind_first(form)}(?P<n{n}_{m}>)"
        for n, (pattern, _) in enumerate(LETTERED)
        for m, form in enumerate(pattern.split("|"))
        if form[1].isdigit() == of_digits
    )


_LETTERED = re.compile(
    r"[a-z0-9](?<![\w.].)(?:(?<=[0-9])(?=[0-9.]{5,17}+ ?[-+a-z]|[0-9]{11}|[0-9]{7} [0-9] | ?[0-9]{2} ?[0-9]{2} ?2[ab])"
    rf"(?:{_forms(True)})|(?=[a-z]{{0,5}}+[ -]?[0-9]|[a-z]{{2}} [a-z]{{3}} [0-9])(?:{_forms(False)}))(?!\w|[.-]\w)"
)
"""In small letters: few of them, then a digit, or a digit at once."""
_GOES_ON = re.compile(r"[0-9-]-")
"""Before a number: it is the end of a longer one."""
_RUN = re.compile(r"[0-9](?<![\w.,#].)(?:(?:[ \u00a0./_-]| - )?[0-9]){7,28}(?![\w])")
_DOCUMENT = re.compile(
    starts(
        r"passport|passeport|pasaporte|passaporto|reisepass|paspoort|paszport\w{0,9}+"
        r"|driv(?:er|ing)(?:'s|s)? licen[cs]e"
        r"|national insurance|ni no|ni number|nino"
        r"|führerschein|permis de conduire|permiso de conducir|patente|rijbewijs|prawo jazdy|identity card|id card"
        r"|personalausweis|ausweis|carte d'identité|carta d'identità|dowód osobisty|voter id|medicare"
    )
    + r"(?:\s?(?:no|nr|number|nummer|num[eé]ro|número|numer|card)?\b[\s.:#°º]{0,3}(?:(?:is|ist|est|es|è|lautet|to)\s)?)"
    r"([a-z0-9](?:[ -]?[a-z0-9]){4,17})(?!\w)"
)
_ALL_DOCUMENTS = (
    "insurance|ni n|nino|passp|pasap|reisep|paspo|paszp|licen|schein"
    "|condu|patente|rijbew|prawo|ident|id card|ausweis|dowód|voter|medicare"
)
_DOCUMENTS = _ALL_DOCUMENTS.split("|")
"""Parts of the words above: a text without any need not be searched for them."""


def read_counties() -> None:
    """Read the library's list of China's counties now, not in the first turn: it takes a tenth of a second."""
    numdb.get("cn/loc")


def national_ids(text: str) -> Found:
    """Numbers that a country gives to a person."""
    lower = text.lower()
    hints = Nearby(_ANY_HINT, lower)
    yield from found(_RUN, lower, lambda run: _in_run(run, hints))
    yield from found(_LETTERED, lower, lambda match: _lettered(match, text))
    if any(word in lower for word in _DOCUMENTS):
        yield from found(_DOCUMENT, lower, _document)


def _lettered(match: re.Match[str], text: str) -> tuple[Span, ...]:
    check = LETTERED[int((match.lastgroup or "n0")[1:].partition("_")[0])][1]
    if _GOES_ON.search(text, max(0, match.start() - 2), match.start()):
        return ()
    start, end = match.span()
    return (Span("national_id", start, end),) if check(text[start:end].replace(" ", "")) else ()


def _document(match: re.Match[str]) -> Iterator[Span]:
    if sum(character.isdigit() for character in match[1]) >= 4:
        yield Span("national_id", *match.span(1), 0.9)


def _in_run(run: re.Match[str], hints: Nearby) -> list[Span]:
    """Windows of whole groups, the first that fits of each."""
    groups = groups_of(run[0])
    said = hints.any_in(run.start() - HINT_REACH, run.end())
    found: list[Span] = []
    begins = begins_of(run) if said else []
    for first, last, numbers in _windows(tuple(map(len, groups)), said):
        digits = b"".join(groups[first : last + 1]).decode()
        for number, fits in numbers:
            if said and _is_told(number, run.string, begins[first]):
                score = 1.0
            elif fits:
                score = number.score
            else:
                continue
            if number.check(digits):
                found.append(Span("national_id", *place_of(run, first, last, len(groups)), score))
                break
    return found


def _is_told(number: Numeric, text: str, begin: int) -> bool:
    return _HINT[number.hint].search(text, max(0, begin - HINT_REACH), begin) is not None


@lru_cache(maxsize=SHAPES)
def _windows(shape: Shape, said: bool) -> tuple[tuple[int, int, tuple[tuple[Numeric, bool], ...]], ...]:
    """Where some numbers may stand in a run of such a shape, and whether each may by its groups; where a word says what
    it is, by its size alone."""
    found = []
    for first, last, window in windows(shape, 8):
        numbers = _BY_SIZE.get(sum(window)) if said else _BY_SHAPE.get(window)
        if numbers:
            found.append((first, last, tuple((number, window in number.shapes) for number in numbers)))
    return tuple(found)
