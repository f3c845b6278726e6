"""Payment cards and IBANs, each proved by its checksum."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from string import ascii_uppercase

from stdnum import numdb

from adapters.pii.check_digits import luhn
from adapters.pii.columns import Columns
from adapters.pii.folding import fold
from adapters.pii.grouped_digits import groups_of, place_of
from adapters.pii.stretches import Found, found, spans
from adapters.pii.word_starts import UNSPACED, starts
from application.ports.models.detector import Span

_RUN = re.compile(rf"[0-9](?<![^\W{UNSPACED}].)(?<!\..)(?:[\s._/\\|*~:+-]{{0,3}}[0-9]){{11,30}}(?![^\W{UNSPACED}])")
_LETTERS_FOR_DIGITS = re.compile(r"[0-9OolI|](?<!\w.)(?:[\s.-]?[0-9OolI|]){12,18}(?!\w)")
_PART = re.compile(r"(\d{1,2})!([nac])")
_BETWEEN = re.compile(r"[\s.-]")
_MIXED = re.compile(r"[0-9][OolI|]{1,4}[0-9]")
_AS_DIGITS = str.maketrans("OolI|", "00111")
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{4}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d\d)\d{10}|3[47]\d{13}"
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}|3(?:0[0-5]|09|[689]\d)\d{11,16}"
    r"|62\d{14,17}|(?:50|5[6-9]|6[0379])\d{10,17}|220[0-4]\d{12,15}|9792\d{12}|(?:60|81|82)\d{14}"
)
_FIRST_DIGITS = frozenset(
    b"22 23 24 25 26 27 30 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 "
    b"62 63 64 65 67 69 81 82 97".split()
)
"""With what a number of any issuer begins."""
_CARD_WORDS = (
    "card", "visa", "amex", "maestro", "debit", "credit", "karte", "carte", "tarjeta", "carta", "kaart", "kart",
    "cartão", "cartao", "kort", "pan", "cc", "卡", "カード", "카드", "بطاقة", fold("карт").text,
    "cb", "betaalpas", "bankpas", "kárty", fold("κάρτ").text.lower(), "כרטיס", fold("कार्ड").text, "thẻ",
)  # fmt: skip
_SAYS_CARD = re.compile(
    "[" + "".join({word[0] for word in _CARD_WORDS}) + "](?:"
    + "|".join(
        rf"(?<={word[0]}){word[1:]}" + (r"(?![^\W_])" if word in ("pan", "cc", "cb") else "")
        for word in _CARD_WORDS
    ) + r")[^0-9\n]{0,28}\Z"
)  # fmt: skip
WORD_REACH = 40
"""How far before a number the word may stand that calls it a card's."""
_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
    "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
    "SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _REGISTRY.split()}
"""How long an IBAN is in each country (the SWIFT registry)."""
_IBAN_START = re.compile(r"[A-Za-z](?<![A-Za-z0-9].)\s?[A-Za-z][\s.-]?[0-9][\s.-]?[0-9]")
_LETTER_VALUES = {ord(letter): str(value) for value, letter in enumerate(ascii_uppercase, 10)}
_CODE = re.compile(
    starts("cvv2?|cvc2?|csc|security code|prüfziffer|cryptogramme|código de seguridad")
    + r"(?:\s{1,8}+(?:is|number|ist|est|es)\b)?[\s:=#]{1,3}([0-9]{3,4})(?![\w])"
)
_CODE_WORDS = ("cv", "csc", "code", "ziffer", "crypto", "código")


def cards(text: str) -> Found:
    """Numbers of 13 to 19 digits that an issuer could have given and Luhn's check accepts, with any separators; and
    the security code that a text calls so."""
    lower = text.lower()
    columns = Columns(lower)
    yield from found(_RUN, text, lambda run: _cards(run, lower, columns))
    if _MIXED.search(text):
        yield from found(_LETTERS_FOR_DIGITS, text, _misspelt)
    if any(word in lower for word in _CODE_WORDS):
        yield from spans(_CODE, lower, "card", 0.9, 1)


def _cards(run: re.Match[str], lower: str, columns: Columns) -> list[Span]:
    """Windows of whole groups, so that a date or a code after the number does not hide it; the longest from each."""
    groups = groups_of(run[0])
    digits = b"".join(groups)
    ends = list(accumulate(map(len, groups), initial=0))
    told = _is_told(lower, run.start(), columns)
    found = []
    done = 0
    for first, begin in enumerate(ends):
        if first < done or not (told or digits[begin : begin + 2] in _FIRST_DIGITS):
            continue
        for last in range(bisect_right(ends, begin + 19) - 1, first, -1):
            size = ends[last] - begin
            if size < (12 if told else 13):
                break
            number = digits[begin : ends[last]]
            if luhn(number) and len(set(number)) > 1 and (told or _ISSUERS.fullmatch(number.decode())):
                found.append(Span("card", *place_of(run, first, last - 1, len(groups))))
                done = last
                break
        told = told and not begin and not done
    return found


def _is_told(lower: str, start: int, columns: Columns) -> bool:
    """Whether the text calls the number a card's: then any issuer could have given it."""
    before = (columns.known and columns.name_of(start)) or lower[max(0, start - WORD_REACH) : start]
    if before.isascii() and not before.islower():
        return False  # there is no letter
    return _SAYS_CARD.search(before) is not None


def _misspelt(match: re.Match[str]) -> Iterator[Span]:
    digits = _BETWEEN.sub("", match[0]).translate(_AS_DIGITS)
    if sum(c.isdigit() for c in match[0]) >= 8 and luhn(digits.encode()) and _ISSUERS.fullmatch(digits):
        yield Span("card", *match.span())


def ibans(text: str) -> Found:
    """IBANs by ISO 7064 mod 97 and their country's form, grouped or not; what follows one does not hide it."""
    yield from found(_IBAN_START, text, _iban)


def _iban(match: re.Match[str]) -> tuple[Span, ...]:
    text = match.string
    length = _LENGTHS.get(_BETWEEN.sub("", match[0][:3]).upper()[:2], 0)
    end = _end(text, match.start(), length) if length else 0
    number = _BETWEEN.sub("", text[match.start() : end]).upper()
    if end and number.isascii() and _bban(number[:2]).fullmatch(number, 4) and _mod_97(number) == 1:
        return (Span("iban", match.start(), end),)
    return ()


@cache
def _bban(country: str) -> re.Pattern[str]:
    """How the account is written in a country whose length is known, as the library's registry has it: `4!a14!n`."""
    (_, known), *_ = numdb.get("iban").info(f"{country}00")
    kinds = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
    return re.compile("".join(f"{kinds[kind]}{{{size}}}" for size, kind in _PART.findall(known["bban"])))


def _mod_97(number: str) -> int:
    """ISO 7064: the first four behind the rest, each letter as two digits."""
    return int((number[4:] + number[:4]).translate(_LETTER_VALUES)) % 97


@cache
def _of_length(length: int) -> re.Pattern[str]:
    """So many letters and digits, with no more than two separators between any of them, and no word that goes on."""
    return re.compile(rf"(?:[^\W_][\t\n .-]{{0,2}}+){{{length - 1}}}[^\W_](?![^\W_])")


def _end(text: str, start: int, length: int) -> int:
    """Where the `length` letters and digits from `start` end; 0 when there are not so many, or the word goes on."""
    whole = _of_length(length).match(text, start)
    return whole.end() if whole else 0
