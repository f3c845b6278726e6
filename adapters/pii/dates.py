"""Dates, in numbers or with the month's name in eight languages."""

from __future__ import annotations

import re

from adapters.pii.stretches import Found, spans
from adapters.pii.word_starts import starts

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
_BEGINS = r"(?<![\w./-].)"
_ENDS = r"(?![\w]|[./-][0-9])"
_BY_NUMBER = re.compile(
    rf"[0-9]{_BEGINS}(?:(?:(?<=1)9|(?<=2)0)[0-9]{{2}}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:(?<=0)[1-9]|(?<=[12])[0-9]|(?<=3)[01]|(?<=[1-9]))[-./](?:0?[1-9]|1[0-2])[-./](?:(?:19|20)[0-9]{2}|[0-9]{2})"
    r"|(?:(?<=0)[1-9]|(?<=1)[0-2]|(?<=[1-9]))/(?:0?[1-9]|[12][0-9]|3[01])/(?:19|20)?[0-9]{2}"
    rf"|(?:(?<=[12])[0-9]|(?<=3)[01]|)(?:st|nd|rd|th|\.|er|º)?\s(?:de\s|of\s)?(?:{_MONTHS})\b\.?(?:,?\s(?:de\s|del\s)?(?:19"
    rf"|20)[0-9]{{2}})?){_ENDS}",
)
_BY_MONTH = re.compile(
    starts(_MONTHS, _BEGINS) + rf"\.?\s(?:[12]?[0-9]|3[01])(?:st|nd|rd|th)?(?:,?\s(?:19|20)[0-9]{{2}})?{_ENDS}"
)


def dates(text: str) -> Found:
    """Days of the calendar; a year alone is none."""
    lower = text.lower()
    yield from spans(_BY_NUMBER, lower, "date", 0.7)
    yield from spans(_BY_MONTH, lower, "date", 0.7)
