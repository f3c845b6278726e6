"""Telephone numbers: international ones, national ones by their form, and any number that a text calls a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException

from application.ports.detector import Span

_CANDIDATE = re.compile(
    r"(?<![\w.,/#=-])(?:\+\s?|00)?\(?[0-9](?:[\s.\-/()_]{0,3}[0-9]){5,16}(?:\s?(?:ext\.?|x|extension|durchwahl"
    r"|poste)\s?[0-9]{1,5})?(?!\w|[.,/-][0-9])",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"\b(?:phones?|phone number|telephone|tel(?:efon\w*|éfono|efoon\w*|\.)?|mobile?|cell(?:phone)?|call(?:ed|ing)?|ring"
    r"|text|texts|sms|whatsapp|signal|fax|handy|handynummer|rufnummer|mobil\w*|portable|téléphone|numéro de tél\w*"
    r"|appel\w*"
    r"|móvil|celular|cellulare|llama\w*|chiama\w*|ligue|telemóvel|bel|gsm|komórk\w*|zadzwo\w*|reach|dial|hotline"
    r"|al numero|al número|no número|unter|anruf\w*"
    r"|numer telefonu|kontakt|contacto|recapito|voicemail|landline|callback)\b[^0-9+\n]{0,28}$",
    re.IGNORECASE,
)
_NOT_A_PHONE = re.compile(
    r"(?:isbn|issn|order|invoice|ticket|case|tracking|parcel|serial|sku|version|ref(?:erence)?|asset|contract|policy"
    r"|bestell\w{0,24}+|rechnung\w{0,24}+|commande|facture|pedido|factura|ordine|fattura|zamówieni\w{0,24}+|faktur\w{0,24}+|part|batch|po)"
    r"(?:\s?(?:no|nr|number|nummer|id|code))?[\s.:#-]{0,3}(?:is\s|was\s|ist\s)?$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:\(?(?:19|20)[0-9]{2}\s?[-/]\s?(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[-./][01]?[0-9][-./][0-3]?[0-9]"
    r"|[0-3]?[0-9][./-][01]?[0-9][./-](?:19|20)[0-9]{2})(?![0-9])"
)
_NORTH_AMERICAN = re.compile(
    r"\(?([2-9][0-9]{2})\)?[\s.-]{1,2}[2-9][0-9]{2}[\s.-][0-9]{4}(?:\D.*)?"
    r"|1[\s.-]\(?[2-9][0-9]{2}\)?[\s.-][2-9][0-9]{2}[\s.-][0-9]{4}"
)
_WITH_ZERO = ("GB", "DE", "FR", "NL", "IT", "BE", "CH", "AT", "SE", "AU", "IN", "IE")
_AREA_CODE = re.compile(r"0[0-9]{1,4}[^0-9]")
_WITHOUT_ZERO = ("ES", "PL", "IT", "PT", "DK", "NO")
_NINE_OR_TEN = re.compile(
    r"[5-9][0-9]{2}([ .-])[0-9]{3}\1[0-9]{3}|[6-9][0-9]{2} [0-9]{2} [0-9]{2} [0-9]{2}"
    r"|3[0-9]{2}[ .-][0-9]{3}[ .-]?[0-9]{4}"
)
_MOBILE = re.compile(r"0[67][0-9]{8}|07[0-9]{9}|01[567][0-9]{8,9}")
_LETTER = re.compile(r"[a-zA-Z]")
_NO_DIGIT = re.compile(r"\D")
_IN_BRACKETS = ("US", "BR", "GB", "DE", "IT", "AU", "MX", "IN", "AR")
REACH = 40
"""How far before a number the word may stand that says what it is, in characters."""


def phones(text: str) -> Iterator[Span]:
    """Telephone numbers that are possible in their numbering plan."""
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        before = text[max(0, start - REACH) : start]
        score = _score(match[0], before)
        if score:
            yield Span("phone", start, end, score)


def _score(number: str, before: str) -> float:
    digits = _NO_DIGIT.sub("", _LETTER.split(number)[0])
    if _DATE.match(number):
        return 0.0
    if number.startswith(("+", "00")):
        international = "+" + (digits if number[0] == "+" else digits[2:])
        return 0.9 if _possible(international, None) and not _NOT_A_PHONE.search(before) else 0.0
    if _HINT.search(before):
        return 0.9 if 6 <= len(digits) <= 15 else 0.0
    if _NOT_A_PHONE.search(before):
        return 0.0
    if _NORTH_AMERICAN.fullmatch(number):
        return 0.85
    grouped = len(digits) != len(number)
    if number.startswith("(") and grouped:
        return 0.8 if any(_possible(number, region) for region in _IN_BRACKETS) and len(digits) >= 8 else 0.0
    if grouped and _NINE_OR_TEN.fullmatch(number):
        return 0.75 if any(_valid(number, region) for region in _WITHOUT_ZERO) else 0.0
    if grouped and _AREA_CODE.match(number) and 9 <= len(digits) <= 12:
        return 0.8 if any(_valid(number, region) for region in _WITH_ZERO) else 0.0
    if _MOBILE.fullmatch(number):
        return 0.75
    return 0.0


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except NumberParseException:
        return None


def _possible(number: str, region: str | None) -> bool:
    parsed = _parsed(number, region)
    return parsed is not None and phonenumbers.is_possible_number(parsed)


def _valid(number: str, region: str) -> bool:
    parsed = _parsed(number, region)
    return parsed is not None and phonenumbers.is_valid_number(parsed)
