"""Dates, in numbers or with the month's name in eight languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from application.ports.detector import Span

_MONTHS = (
    "jan(?:uary|uar|vier|eiro|uari)?|feb(?:ruary|ruar|braio|rero|ruari)?|février|fevereiro|mar(?:ch|zo|ço|s|ca)?|märz"
    "|maart|apr(?:il|ile)?|avril"
    "|abril|may|mai|mayo|maggio|maio|mei|maja|jun(?:e|i|io|ho)?|juin|giugno|jul(?:y|i|io|ho)?|juillet|luglio"
    "|aug(?:ust|ustus)?|août|agosto"
    "|sep(?:t(?:ember|embre|iembre)?)?|settembre|setembro|oct(?:ober|obre|ubre)?|okt(?:ober)?|ottobre|outubro"
    "|nov(?:ember|embre|iembre|embro)?"
    "|dec(?:ember|embre)?|dez(?:ember|embro)?|dic(?:iembre|embre)?|décembre|stycznia|lutego|marca|kwietnia|czerwca"
    "|lipca|sierpnia"
    "|września|października|listopada|grudnia"
)
_DATE = re.compile(
    r"(?<![\w./-])(?=[0-9jfmasondlckwpg])(?:(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-./](?:0?[1-9]|1[0-2])[-./](?:(?:19|20)[0-9]{2}|[0-9]{2})"
    r"|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])/(?:19|20)?[0-9]{2}"
    rf"|(?:[12]?[0-9]|3[01])(?:st|nd|rd|th|\.|er|º)?\s(?:de\s|of\s)?(?:{_MONTHS})\b\.?(?:,?\s(?:de\s|del\s)?(?:19"
    rf"|20)[0-9]{{2}})?"
    rf"|(?:{_MONTHS})\.?\s(?:[12]?[0-9]|3[01])(?:st|nd|rd|th)?(?:,?\s(?:19|20)[0-9]{{2}})?"
    r")(?![\w]|[./-][0-9])",
    re.IGNORECASE,
)


def dates(text: str) -> Iterator[Span]:
    """Days of the calendar; a year alone is none."""
    for match in _DATE.finditer(text):
        yield Span("date", *match.span(), 0.7)
