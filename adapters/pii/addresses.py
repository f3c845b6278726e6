"""Postal addresses in the forms of English, German, French, Spanish, Italian, Dutch, Polish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.pii.stretches import Found, found, spans
from adapters.pii.word_starts import BEGINS
from application.ports.models.detector import Span

_UP = "A-ZÀ-ÖØ-ÞŁŚŻŹĆŃŠČŘŽİŞ"
# A pattern begins with a set of characters, so that the engine skips to one, and only then looks whether a word begins
# there. A capitalised word is taken whole or not at all and has an end: however a text is made, what is tried at one
# place of it is bounded (infra/adr/0080).
_CAP = rf"[{_UP}][\w'’.-]{{0,40}}+"
_CITY = (
    rf"{_CAP}(?: (?:(?:am|an der|im|in|sur|sous|de|del|di|da|do|dos|la|le|les|upon|on|nad|aan den|aan de|aan|den"
    rf"|el|los)[ -])?{_CAP}){{0,3}}"
)
_LETTER = r"[^\W\d_]"
_NUMBER_GOES_ON = r"[0-9]{0,4}(?:\s?[-/]\s?[0-9]{1,4})?\s?[a-zA-Z]?\b"
_NUMBER = f"[0-9]{_NUMBER_GOES_ON}"
_UK_GOES_ON = (
    r"(?:[0-9]{1,2}|[A-HK-Y][0-9]{1,2}|[0-9][A-HJKPS-UW]|[A-HK-Y][0-9][ABEHMNPRV-Y]) ?[0-9][ABD-HJLNP-UW-Z]{2}"
)
_UK_POST = rf"(?:GIR ?0AA|[A-PR-UWYZ]{_UK_GOES_ON})"
_CA_GOES_ON = r"[0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]"
_CA_POST = rf"[ABCEGHJ-NPRSTVXY]{_CA_GOES_ON}"
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Close"
    r"|Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Row|Gardens|Grove|Hill|Mews|Walk|Quay|Trail|Loop|Alley"
    r"|Broadway"
    r"|Nagar|Marg|Turnpike|Pike|Bypass|Esplanade|Green|Rise|View|Park|Bend|Run|Point|Heights|Station|Bridge)"
)
_UNIT = r"(?:(?:,\s?|\s)(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Building|Bldg|#)\.?\s?#?[\w-]{1,6})"
_AMERICAN_END = rf"(?:,?\s(?:[A-Z]{{2}}|{_CAP}(?: {_CAP})?),?\s(?:[0-9]{{5}}(?:-[0-9]{{4}})?|{_CA_POST}))"
_POSTCODE_CITY = rf"(?:(?:,\s?|\s|\n)(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}(?:\s?[A-Z]{{2}}\b)?(?:\s|,\s){_CITY})"
_FLAT = re.compile(r"\b(?:Flat|Apt|Apartment|Unit|Suite)\.?\s?[\w-]{1,5},\s\Z")
"""What may stand before an English address, and how far before it begins at most."""
_FLAT_REACH = 20
_ENGLISH = re.compile(
    rf"[0-9]{BEGINS}(?=[0-9\s/,-]{{0,18}}+{_LETTER}){_NUMBER_GOES_ON},?\s(?:(?:[NSEW]|North|South|East|West|Old|New)\.?\s)?"
    rf"(?:(?:{_CAP}|[0-9]{{1,3}}(?:st|nd|rd|th))\s){{1,3}}?{_STREET}\b\.?(?:\s(?:NW|NE|SW|SE|North|South|East"
    rf"|West)\b)?{_UNIT}?"
    rf"(?:(?:,\s{_CITY})?(?:{_AMERICAN_END}|,?\s{_UK_POST}|(?:,?\s|\s-\s)[1-9][0-9]{{2}}\s?[0-9]{{3}})\b|,\s{_CITY})?"
)


def _ends(words: str, lead: str = "") -> str:
    """A pattern for a place before which one of the words stands, and before it `lead`."""
    return "(?:" + "|".join(f"(?<={lead}{re.escape(word)})" for word in words.split()) + ")"


_NUMBER_FOLLOWS = r"(?=\s[0-9])"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # German: Hauptstraße 5, Karl-Marx-Straße 5, Kleine Straße 5
        rf"[{_UP}]{BEGINS}[\w'’.-]{{0,40}}+(?:{_NUMBER_FOLLOWS}"
        + _ends("straße strasse str. weg allee platz gasse ring damm ufer steig chaussee hof berg graben markt")
        + rf"|(?: {_CAP}){{0,3}}{_NUMBER_FOLLOWS}"
        + _ends("Straße Strasse Str. Weg Allee Platz Gasse Ring Damm Ufer", "[ -]")
        + rf")\s{_NUMBER}(?:,?\s{_POSTCODE_CITY})?{_POSTCODE_CITY}?",
        rf"[AIUZ]{BEGINS}(?:(?<=A)(?:m|n de[rn]|uf de[rm])|(?<=I)(?:m|n der)|(?<=U)nter den|(?<=Z)u[mr])"
        rf"\s{_CAP}(?:\s{_CAP})?\s{_NUMBER}(?:,?\s{_POSTCODE_CITY})?{_POSTCODE_CITY}?",
        # French: 12 rue de la Paix
        rf"[0-9]{BEGINS}(?=[0-9\s,]{{0,6}}+[a-z])[0-9]{{0,3}}+(?:\s?(?:bis|ter|quater))?,?\s(?:rue|avenue|av\.|boulevard|bd|place|allée|allee"
        rf"|chemin|impasse|quai|cours|route|passage|square|villa)"
        rf"\s(?:(?:de|du|des|la|le|les|aux?)\s|[dl]'\s?){{0,4}}+(?:{_CAP}|[0-9]{{1,2}})(?:[ -](?:(?:de|du|des|la|le"
        rf"|et)[ -]){{0,3}}+{_CAP}){{0,4}}{_POSTCODE_CITY}?",
        # Spanish, Italian, Portuguese: Calle de la Luna 3, Via Roma 12
        rf"[ACELPRSTV]{BEGINS}(?:(?<=C)(?:alle|/|arrer|amino|orso)|(?<=A)(?:venida|vda\.?|v\.|lameda)"
        rf"|(?<=P)(?:laza|za\.|aseo|\.º|iazza(?:le)?|raça)|(?<=R)(?:onda|ua|\.|odovia)|(?<=V)(?:iale|ia|icolo)"
        rf"|(?<=L)argo|(?<=S)trada|(?<=T)ravessa|(?<=E)strada)"
        rf"\s(?:(?:de|del|do|da|dos|das|di|della|dei|delle|degli|la|el|los|las)\s|(?:dell'|d')\s?){{0,4}}+"
        rf"{_CAP}(?:\s(?:(?:de|del|do|da|dos|das|di|della|dei|y|e|la|los|las)\s){{0,3}}+{_CAP}){{0,4}},?\s(?:(?:n\.?\s?"
        rf"[ºo°]\.?|nº|número|numero|num\.|civico)\s?)?{_NUMBER}"
        rf"(?:,\s?(?:[0-9]{{1,2}}\.?[ºª°oa]\s?(?:[A-Za-z]\b|izq\.?|dcha\.?|esq\.?)?|(?:apto|ap|bloco|sala|piso|puerta"
        rf"|escalera|int|interno)\.?\s?[\w-]{{1,5}}))?"
        rf"(?:(?:,\s|\s-\s){_CITY})?(?:(?:,\s|\s-\s|\s)(?:[0-9]{{5}}(?:-[0-9]{{3}})?"
        rf"|[0-9]{{4}}-[0-9]{{3}})(?:\s{_CITY}(?:\s\([A-Z]{{2}}\))?)?)?",
        # Dutch: Kerkstraat 5, Grote Markt 5
        rf"[{_UP}]{BEGINS}[\w'’.-]{{0,40}}+(?:\s{_CAP})?{_NUMBER_FOLLOWS}"
        + _ends("straat laan weg plein gracht kade singel dijk dreef hof steeg pad markt")
        + rf"\s{_NUMBER}(?:\s?(?:hs|bis|[IVX]{{1,3}})\b)?(?:,?\s[0-9]{{4}}\s?[A-Z]{{2}}(?:,?\s{_CITY})?)?",
        # Polish: ul. Polna 3/12
        rf"[aopu]{BEGINS}(?:(?<=o)s|(?<!o)l)\.\s(?:{_CAP}|[0-9]{{1,2}})(?:[ -]{_CAP}){{0,3}}\s[0-9]{{1,4}}[a-zA-Z]?"
        rf"(?:\s?(?:/|m\.)\s?[0-9]{{1,4}})?(?:,?\s[0-9]{{2}}-[0-9]{{3}}\s{_CITY})?",
        # Boxes
        rf"[ABCP]{BEGINS}(?:(?<=P)(?:\.?\s?O\.?\s?Box|ostfach|ostbus)|(?<=A)partado(?: de Correos)?"
        rf"|(?<=C)(?:asella Postale|aixa Postal)|(?<=B)(?:oîte Postale|P))"
        rf"\s[0-9][0-9 ]{{0,6}}(?:(?:,\s{_CITY})?{_AMERICAN_END}|{_POSTCODE_CITY})?",
    )
)
_NAMED = re.compile(r"[^\W\d_A-Z]|C/|R\.|BP")
"""What each of the streets and boxes above has and a list of numbers has not: a small letter, or a word without one."""
_CAPITAL = re.compile(f"[{_UP}]")
"""What each of the postcodes below has, in it or behind it."""
_CODES = re.compile(
    rf"[A-Z0-9]{BEGINS}(?:(?:(?<=G)IR ?0AA|(?<=[A-PR-UWYZ]){_UK_GOES_ON}|(?<=[ABCEGHJ-NPRSTVXY]){_CA_GOES_ON})\b"
    rf"|(?<=[0-9])(?:[0-9]-[0-9]{{3}}\s|[0-9]{{3}}\s?[A-Z]{{2}},?\s){_CAP}"
    rf"|(?:(?<=[DAFIEB])|(?<=C)H)-[0-9]{{4,5}}\s{_CITY})"
)
"""Postcodes that are unlike anything else."""


def addresses(text: str) -> Found:
    """Streets with a number, with what follows of flat, postcode and town; boxes; postcodes that are unlike anything
    else. A town alone is a place."""
    if _NAMED.search(text):
        yield from found(_ENGLISH, text, _english)
        for pattern in _PATTERNS:
            yield from found(pattern, text, _street)
    if _CAPITAL.search(text):
        yield from spans(_CODES, text, "address", 0.7)


def _english(match: re.Match[str]) -> Iterator[Span]:
    flat = _FLAT.search(match.string, max(0, match.start() - _FLAT_REACH), match.start())
    yield _span(match, flat.start() if flat else match.start())


def _street(match: re.Match[str]) -> Iterator[Span]:
    yield _span(match, match.start())


def _span(match: re.Match[str], start: int) -> Span:
    return Span("address", start, match.start() + len(match[0].rstrip(" ,.\n")), 0.85)
