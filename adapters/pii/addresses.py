"""Postal addresses in the forms of English, German, French, Spanish, Italian, Dutch, Polish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from application.ports.detector import Span

_UP = "A-ZÀ-ÖØ-ÞŁŚŻŹĆŃŠČŘŽİŞ"
_CAP = rf"[{_UP}][\w'’.-]*"
_CITY = (
    rf"{_CAP}(?:[ -](?:(?:am|an der|im|in|sur|sous|de|del|di|da|do|dos|la|le|les|upon|on|nad|aan den|aan de|aan|den"
    rf"|el|los)[ -])?{_CAP}){{0,3}}"
)
_NUMBER = r"[0-9]{1,5}(?:\s?[-/]\s?[0-9]{1,4})?\s?[a-zA-Z]?\b"
_UK_POST = (
    r"(?:GIR ?0AA|[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9]|[A-HK-Y][0-9][0-9]|[0-9][A-HJKPS-UW]"
    r"|[A-HK-Y][0-9][ABEHMNPRV-Y]) ?[0-9][ABD-HJLNP-UW-Z]{2})"
)
_CA_POST = r"[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]"
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Close"
    r"|Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Row|Gardens|Grove|Hill|Mews|Walk|Quay|Trail|Loop|Alley"
    r"|Broadway"
    r"|Nagar|Marg|Turnpike|Pike|Bypass|Esplanade|Green|Rise|View|Park|Bend|Run|Point|Heights|Station|Bridge)"
)
_UNIT = r"(?:(?:,\s?|\s)(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Building|Bldg|#)\.?\s?#?[\w-]{1,6})"
_AMERICAN_END = rf"(?:,?\s(?:[A-Z]{{2}}|{_CAP}(?: {_CAP})?),?\s(?:[0-9]{{5}}(?:-[0-9]{{4}})?|{_CA_POST}))"
_POSTCODE_CITY = rf"(?:(?:,\s?|\s|\n)(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}(?:\s?[A-Z]{{2}}\b)?(?:\s|,\s){_CITY})"
_ENGLISH = (
    rf"(?:(?:Flat|Apt|Apartment|Unit|Suite)\.?\s?[\w-]{{1,5}},\s)?\b{_NUMBER}(?:,)?\s(?:(?:[NSEW]|North|South|East"
    rf"|West|Old|New)\.?\s)?"
    rf"(?:(?:{_CAP}|[0-9]{{1,3}}(?:st|nd|rd|th))\s){{1,3}}?{_STREET}\b\.?(?:\s(?:NW|NE|SW|SE|North|South|East"
    rf"|West)\b)?{_UNIT}?"
    rf"(?:(?:,\s{_CITY})?(?:{_AMERICAN_END}|,?\s{_UK_POST}|(?:,?\s|\s-\s)[1-9][0-9]{{2}}\s?[0-9]{{3}})\b|,\s{_CITY})?"
)
_GERMAN = (
    rf"(?:\b{_CAP}(?:straße|strasse|str\.|weg|allee|platz|gasse|ring|damm|ufer|steig|chaussee|hof|berg|graben|markt)"
    rf"|\b(?:{_CAP}[ -]){{1,3}}(?:Straße|Strasse|Str\.|Weg|Allee|Platz|Gasse|Ring|Damm|Ufer)|\b(?:Am|An der|An den"
    rf"|Auf der|Auf dem|Im|In der|Unter den|Zum|Zur)\s{_CAP}(?:\s{_CAP})?)"
    rf"\s{_NUMBER}(?:,?\s{_POSTCODE_CITY})?{_POSTCODE_CITY}?"
)
_FRENCH = (
    rf"\b[0-9]{{1,4}}(?:\s?(?:bis|ter|quater))?,?\s(?:rue|avenue|av\.|boulevard|bd|place|allée|allee|chemin|impasse"
    rf"|quai|cours|route|passage|square|villa)"
    rf"\s(?:(?:de|du|des|de la|de l'|d'|la|le|les|l'|aux?)\s?)*(?:{_CAP}|[0-9]{{1,2}})(?:[ -](?:(?:de|du|des|la|le"
    rf"|et)[ -])*{_CAP}){{0,4}}{_POSTCODE_CITY}?"
)
_ROMANCE = (
    rf"\b(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Pza\.|Paseo|P\.º|Carrer|Camino|Ronda|Via|Viale|Piazza|Piazzale|Corso"
    rf"|Largo|Vicolo|Strada"
    rf"|Rua|R\.|Travessa|Praça|Alameda|Rodovia|Estrada|Largo)"
    rf"\s(?:(?:de|del|de la|de las|de los|do|da|dos|das|di|della|dei|delle|degli|dell'|d'|la|el|los|las)\s?)*"
    rf"{_CAP}(?:\s(?:(?:de|del|do|da|dos|das|di|della|dei|y|e|la|los|las)\s)*{_CAP}){{0,4}},?\s(?:(?:n\.?\s?[ºo°]\.?"
    rf"|nº|número|numero|num\.|civico)\s?)?{_NUMBER}"
    rf"(?:,\s?(?:[0-9]{{1,2}}\.?[ºª°oa]\s?(?:[A-Za-z]\b|izq\.?|dcha\.?|esq\.?)?|(?:apto|ap|bloco|sala|piso|puerta"
    rf"|escalera|int|interno)\.?\s?[\w-]{{1,5}}))?"
    rf"(?:(?:,\s|\s-\s){_CITY})?(?:(?:,\s|\s-\s|\s)(?:[0-9]{{5}}(?:-[0-9]{{3}})?"
    rf"|[0-9]{{4}}-[0-9]{{3}})(?:\s{_CITY}(?:\s\([A-Z]{{2}}\))?)?)?"
)
_DUTCH = (
    rf"\b{_CAP}(?:\s{_CAP})?(?:straat|laan|weg|plein|gracht|kade|singel|dijk|dreef|hof|steeg|pad"
    rf"|markt)\s{_NUMBER}(?:\s?(?:hs|bis|[IVX]{{1,3}})\b)?(?:,?\s[0-9]{{4}}\s?[A-Z]{{2}}(?:,?\s{_CITY})?)?"
)
_POLISH = (
    rf"\b(?:ul|al|pl|os)\.\s(?:{_CAP}|[0-9]{{1,2}})(?:[ -]{_CAP}){{0,3}}\s[0-9]{{1,4}}[a-zA-Z]?(?:\s?(?:/"
    rf"|m\.)\s?[0-9]{{1,4}})?(?:,?\s[0-9]{{2}}-[0-9]{{3}}\s{_CITY})?"
)
_BOX = (
    rf"\b(?:P\.?\s?O\.?\s?Box|Postfach|Apartado(?: de Correos)?|Casella Postale|Postbus|Boîte Postale|BP"
    rf"|Caixa Postal)\s[0-9][0-9 ]{{0,6}}(?:(?:,\s{_CITY})?{_AMERICAN_END}|{_POSTCODE_CITY})?"
)
_CODES = (
    rf"\b(?:{_UK_POST}|{_CA_POST})\b|\b[0-9]{{2}}-[0-9]{{3}}\s{_CAP}|\b[0-9]{{4}}\s?[A-Z]{{2}},?\s{_CAP}|(?<=\b)(?:D"
    rf"|A|CH|F|I|E|B)-[0-9]{{4,5}}\s{_CITY}"
)
_ANY_WORDS: dict[str, str] = {
    _ENGLISH: "",
    _GERMAN: "straße|strasse|str.|weg|allee|platz|gasse|ring|damm|ufer|steig|chaussee|hof|berg|graben|markt|am |an de"
    "|auf de|im |in der|unter den|zum|zur",
    _FRENCH: "rue|avenue|av.|boulevard|bd|place|allée|allee|chemin|impasse|quai|cours|route|passage|square|villa",
    _ROMANCE: "calle|c/|avenida|avda|av.|plaza|pza|paseo|p.o|p.º|carrer|camino|ronda|via|piazza|corso|largo|vicolo"
    "|strada|rua|r.|travessa|praça|alameda|rodovia|estrada",
    _DUTCH: "straat|laan|weg|plein|gracht|kade|singel|dijk|dreef|hof|steeg|pad|markt",
    _POLISH: "ul.|al.|pl.|os.",
    _BOX: "box|post|apartado|casella|bp|caixa",
}
"""Words without which a pattern need not be tried, in lower case."""
_PATTERNS = tuple((re.compile(pattern), words.split("|")) for pattern, words in _ANY_WORDS.items())
_CODE_PATTERN = re.compile(_CODES)


def addresses(text: str) -> Iterator[Span]:
    """Streets with a number, with what follows of flat, postcode and town; boxes; postcodes that are unlike anything
    else. A town alone is a place."""
    lower = text.lower()
    for pattern, words in _PATTERNS:
        if not any(word in lower for word in words):
            continue
        for match in pattern.finditer(text):
            yield Span("address", match.start(), match.start() + len(match[0].rstrip(" ,.\n")), 0.85)
    for match in _CODE_PATTERN.finditer(text):
        yield Span("address", *match.span(), 0.7)
