"""Telephone numbers: international ones, national ones by their form, and any number that a text calls a phone."""

from __future__ import annotations

import re

from adapters.pii.columns import Columns
from adapters.pii.folding import fold
from adapters.pii.grouped_digits import digits_of
from adapters.pii.numbering_plans import is_possible, is_possible_abroad, is_valid
from adapters.pii.stretches import Found, found
from adapters.pii.word_starts import UNSPACED, starts
from application.ports.models.detector import Span

_WORD_AFTER = rf"[^\W{UNSPACED}]"
_CANDIDATE = re.compile(
    rf"[+(0-9](?<![^\W{UNSPACED}].)(?<![./#-].)"
    r"(?:(?<=0)0\(?[0-9]|(?<=[0-9])|(?<=\+)\s?\(?[0-9]|(?<=\()[0-9])"
    r"(?:[\s.\-/()_]{0,3}[0-9]){5,16}"
    r"(?:\s?(?:(?i:ext\.?|x|extension|durchwahl|poste))\s?[0-9]{1,5})?"
    rf"(?!{_WORD_AFTER}|[./-][0-9])"
)
_MORE = r"\w{0,20}+"
_HINT = re.compile(
    starts(
        rf"phones?|phone number|telephone|tel(?:efon{_MORE}|éfono|efoon{_MORE}|\.)?|mobile?|cell(?:phone)?"
        rf"|call(?:ed|ing)?|ring|text|texts|sms|whatsapp|signal|fax|handy|handynummer|rufnummer|mobil{_MORE}|portable"
        rf"|tél\.?|standard\s?:|tél\.?|téléphone|numéro de tél{_MORE}|appel{_MORE}"
        rf"|móvil|celular|cellulare|llama{_MORE}|chiama{_MORE}|ligue|telemóvel|bel|gsm|komórk{_MORE}|zadzwo{_MORE}"
        rf"|reach|dial|hotline|al numero|al número|no número|unter|anruf{_MORE}"
        rf"|numer telefonu|numer|kontakt|contacto|recapito|voicemail|landline|callback|desk|office|extension|joindre"
        rf"|joignable|rappel{_MORE}|fixe|fijo|fisso|llám{_MORE}|liga|ligar|dzwoni{_MORE}|kom|ringa|når|växel|bereik{_MORE}"
        rf"|erreich{_MORE}|festnetz|büro|durchwahl|ufficio|oficina|bureau|biuro|escritório|zap"
        rf"|mob|ph|buzz|reachable|switchboard|pager|handynr|wähl{_MORE}|klingel{_MORE}|ligne directe|compos{_MORE}"
        rf"|centralita|centralino|trovi|rispond{_MORE}|contatta{_MORE}|compon{_MORE}|disca|disque|fone|ramal|contato"
        rf"|kantoor|doorkiesnummer|faks|faksie|kancelář|zavolej{_MORE}|volej{_MORE}|kontor|tfn|tlf|tfno|cep|ofis"
        rf"|soita{_MORE}|puhelin{_MORE}|puh|toimisto|matkapuhelin{_MORE}|numeroni|numaram|ara(?:yın)?"
        rf"|m(?:y|eine|on|i|io|eu|ijn|ój|itt|it|oje|ůj) (?:numero|número|numéro|nummer|numer|number|číslo)"
    )
    + r"\b[^0-9+\n]{0,28}\Z"
)
_STEMS = (
    "телефон|тел\\.|позвони|звони|мобильн|факс|по номеру|мой номер|моб\\.|сотов|набер|电话|電話|手机|手機|携帯|連絡"
    "|折り返し|传真|傳真|致电|致電|拨打|撥打|我的号码|我的號碼|办公室|私の番号|オフィス|ファックス"
    "|전화|휴대폰|휴대전화|핸드폰|팩스|연락처|사무실|제 번호"
    "|طلفون|هاتف|جوال|اتصل|फोन|मोबाइल|नंबर|τηλ|טלפון|נייד|โทร"
)
_HINT_ELSEWHERE = re.compile(rf"(?:{fold(_STEMS).text.lower()})[^0-9+\n]{{0,28}}\Z")
"""The same in scripts whose words are not told apart by blanks, or bend: a part is enough."""
_IN_A_ROW = re.compile(r",[0-9]")
"""What may follow a number only where something says that it is a phone."""
_NOT_A_PHONE = re.compile(
    starts(
        r"isbn|issn|order|invoice|ticket|case|tracking|parcel|serial|sku|version|ref(?:erence)?|asset|contract|policy"
        r"|bestell\w{0,24}+|rechnung\w{0,24}+|commande|facture|pedido|factura|ordine|fattura|zamówieni\w{0,24}+"
        r"|faktur\w{0,24}+|part|batch|po",
        begins="",
    )
    + r"(?:\s?(?:no|nr|number|nummer|id|code))?[\s.:#-]{0,3}(?:is\s|was\s|ist\s)?\Z"
)
_DATE = re.compile(
    r"(?:\(?(?:19|20)[0-9]{2}\s?[-/]\s?(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[-./][01]?[0-9][-./][0-3]?[0-9]"
    r"|[0-3]?[0-9][./-][01]?[0-9][./-](?:19|20)[0-9]{2})(?![0-9])"
)
_NORTH_AMERICAN = re.compile(
    r"\(?([2-9][0-9]{2})\)?[\s.-]{1,2}[2-9][0-9]{2}[\s.-][0-9]{4}(?:\D.{0,80})?"
    r"|1[\s.-]\(?[2-9][0-9]{2}\)?[\s.-][2-9][0-9]{2}[\s.-][0-9]{4}"
)
_WITH_ZERO = ("GB", "DE", "FR", "NL", "IT", "BE", "CH", "AT", "SE", "AU", "IN", "IE")
_AREA_CODE = re.compile(r"0[0-9]{1,4}[^0-9]")
_WITHOUT_ZERO = ("ES", "PL", "IT", "PT", "DK", "NO")
_NINE_OR_TEN = re.compile(
    r"[5-9][0-9]{2}([ .-])[0-9]{3}\1[0-9]{3}|[6-9][0-9]{2} [0-9]{2} [0-9]{2} [0-9]{2}"
    r"|3[0-9]{2}[ .-][0-9]{3}[ .-]?[0-9]{4}"
)
_RUSSIAN = re.compile(r"8[ -]?(?:\([0-9]{3}\)|[0-9]{3})[ -][0-9]{3}[ -][0-9]{2}[ -]?[0-9]{2}")
_JAPANESE = re.compile(r"0(?:[5789]0-[0-9]{4}|[0-9]{1,3}-[0-9]{2,4})-[0-9]{4}")
_MOBILE = re.compile(r"0[67][0-9]{8}|07[0-9]{9}|01[567][0-9]{8,9}")
_LETTER = re.compile(r"[a-zA-Z]")
_WORD = re.compile(r"[^\W\d_]")
_YEARS = ("19", "20", "(1", "(2")
_OF_A_DATE = "./-"
_IN_BRACKETS = ("US", "BR", "GB", "DE", "IT", "AU", "MX", "IN", "AR")
REACH = 40
"""How far before a number the word may stand that says what it is, in characters."""


def read_plans() -> None:
    """Read the plans of the regions now, not in the first turn."""
    for region in {*_WITH_ZERO, *_WITHOUT_ZERO, *_IN_BRACKETS}:
        is_valid("0", region)


def phones(text: str) -> Found:
    """Telephone numbers that are possible in their numbering plan."""
    lower = text.lower()
    columns = Columns(lower)
    return found(_CANDIDATE, text, lambda match: _phone(match, lower, columns))


def _phone(match: re.Match[str], lower: str, columns: Columns) -> tuple[Span, ...]:
    start, end = match.span()
    before = lower[start - REACH : start] if start > REACH else lower[:start]
    if columns.known and (name := columns.name_of(start)):
        before = f"{name}: "
    elif (before.endswith((",", "=")) or _IN_A_ROW.match(lower, end)) and not _is_told(before):
        return ()
    score = _score(match[0], before)
    return (Span("phone", start, end, score),) if score else ()


def _is_told(before: str) -> bool:
    """Whether what stands before a number calls it a phone."""
    return bool(_HINT.search(before) or (not before.isascii() and _HINT_ELSEWHERE.search(before)))


def _digits(number: str) -> str:
    """Of the number itself, without an extension, which a letter begins."""
    letter = _LETTER.search(number)
    return digits_of(number[: letter.start()] if letter else number)


def _score(number: str, before: str) -> float:
    digits = _digits(number)
    if (number[:2] in _YEARS or number[1] in _OF_A_DATE or number[2] in _OF_A_DATE) and _DATE.match(number):
        return 0.0
    if not (before.islower() or (not before.isascii() and _WORD.search(before))):
        before = ""
    if number.startswith(("+", "00")):
        international = digits if number[0] == "+" else digits[2:]
        if is_possible_abroad(international) and not _NOT_A_PHONE.search(before):
            return 0.9
        return 0.9 if 6 <= len(digits) <= 15 and _is_told(before) else 0.0
    if before:
        if _is_told(before):
            return 0.9 if 6 <= len(digits) <= 15 else 0.0
        if _NOT_A_PHONE.search(before):
            return 0.0
    return _score_by_form(number, digits)


def _score_by_form(number: str, digits: str) -> float:
    """Of a number of which nothing says what it is."""
    if _NORTH_AMERICAN.fullmatch(number):
        return 0.85
    if len(digits) == 13 and digits.startswith(("978", "979")):
        return 0.0  # a book's
    first = number[0]
    if len(digits) == len(number):
        return 0.75 if first == "0" and _MOBILE.fullmatch(number) else 0.0
    if first == "(":
        return 0.8 if len(digits) >= 8 and any(is_possible(digits, region) for region in _IN_BRACKETS) else 0.0
    if first == "0":
        if 9 <= len(digits) <= 12 and _AREA_CODE.match(number):
            return 0.8 if any(is_valid(digits, region) for region in _WITH_ZERO) else 0.0
        return 0.8 if _JAPANESE.fullmatch(number) else 0.0
    if _NINE_OR_TEN.fullmatch(number):
        return 0.75 if any(is_valid(digits, region) for region in _WITHOUT_ZERO) else 0.0
    return 0.8 if first == "8" and _RUSSIAN.fullmatch(number) else 0.0
