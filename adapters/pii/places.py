"""Organisations, by their legal form or what they call themselves, and well-known places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.pii.stretches import Found, found, spans
from adapters.pii.word_starts import starts
from application.ports.models.detector import Span

_UP = "A-ZÀ-ÖØ-ÞŁŚŻŠČŽ"
_CAP = rf"[{_UP}][\w'’&.-]{{0,40}}+"
_FORM = (
    r"(?:Inc|Incorporated|Ltd|Limited|LLC|LLP|L\.P|plc|PLC|Corp|Corporation|GmbH(?: & Co\. KG)?|AG|KG|OHG|e\.V|SE"
    r"|S\.A\.S|SAS|SARL|S\.A|SA|S\.L|S\.p\.A|SpA|S\.r\.l|Srl"
    r"|B\.V|BV|N\.V|NV|Sp\. z o\.o|Oy|Oyj|AB|ASA|A/S|ApS|Ltda|Pty Ltd|Pvt Ltd|Kft|s\.r\.o)"
)
_ORGANISATION = re.compile(
    rf"[{_UP}](?<![\w'’&.-].)[\w'’&.-]{{0,40}}+(?:(?:\s(?:&|and|und|et|y|e|of|de|der)\s{_CAP}|\s{_CAP}){{0,4}},?\s{_FORM}\b\.?"
    rf"|(?: {_CAP}){{0,2}} (?:University|Bank|Hospital|Airlines|Insurance|Foundation|Institute"
    rf"|Universität|Stiftung|Krankenhaus|Versicherung)\b)"
)
_INSTITUTION = re.compile(
    starts("University|Universität|Université|Universidad|Università|Ministry|Department|Bank|Institute|Museum")
    + rf" (?:of|de|di|del|für|van)(?: the)? {_CAP}(?: {_CAP})?"
)
_PLACES = """London Paris Berlin Madrid Rome Roma Milan Milano Munich München Hamburg Cologne Köln Frankfurt Stuttgart
Vienna Wien Zurich Zürich Geneva Genève Brussels Bruxelles Amsterdam Rotterdam Utrecht Antwerp Copenhagen København
Stockholm Oslo Helsinki Warsaw Warszawa Kraków Prague Praha Budapest Bucharest Athens Lisbon Lisboa Porto Dublin
Edinburgh Glasgow Manchester Birmingham Liverpool Leeds Bristol Lyon Marseille Toulouse Bordeaux Lille Nantes
Barcelona Valencia Sevilla Bilbao Turin Torino Naples Napoli Florence Firenze Bologna Chicago Boston Seattle
Houston Dallas Denver Atlanta Miami Philadelphia Phoenix Detroit Toronto Montreal Vancouver Ottawa Sydney
Melbourne Auckland Tokyo Osaka Seoul Beijing Shanghai Singapore Mumbai Delhi Bangalore Chennai Dubai Istanbul
Ankara Cairo Lagos Nairobi Johannesburg Moscow Kyiv Germany Deutschland France Spain España Italy Italia Poland
Polska Portugal Netherlands Belgium Austria Österreich Switzerland Schweiz Sweden Norway Denmark Finland Ireland
Scotland England Wales Britain Greece Hungary Romania Bulgaria Croatia Serbia Ukraine Russia Turkey Canada
Mexico México Brazil Brasil Argentina Chile Colombia Peru India China Japan Korea Australia Egypt Nigeria Kenya
Morocco Europe Asia Africa California Texas Florida"""
_PLACE = re.compile(
    r"[A-ZÖ](?<!\w.)(?:(?:(?<=N)ew|(?<=L)os|(?<=S)(?:an|outh|ão)|(?<=H)ong|(?<=U)nited|(?<=R)io de|(?<=B)uenos)"
    r" [A-Z][a-z]{1,40}+(?: City)?|[a-zà-ÿ]{3,40}+)\b"
)
_LONG_NAMES = (
    "New York", "New York City", "Los Angeles", "San Francisco", "Hong Kong", "New Zealand", "South Africa",
    "United States", "United Kingdom", "São Paulo", "Rio de Janeiro", "Buenos Aires",
)  # fmt: skip
_KNOWN = frozenset(_PLACES.split()) | frozenset(_LONG_NAMES)


def organisations(text: str) -> Found:
    """Companies with their legal form; universities, ministries, banks by name."""
    yield from spans(_ORGANISATION, text, "organisation", 0.7)
    yield from spans(_INSTITUTION, text, "organisation", 0.7)


def places(text: str) -> Found:
    """Countries and large cities."""
    yield from found(_PLACE, text, _known)


def _known(match: re.Match[str]) -> Iterator[Span]:
    if match[0] in _KNOWN:
        yield Span("place", *match.span(), 0.6)
