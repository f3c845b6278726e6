"""Whether a telephone number is possible in a numbering plan: the plans of `phonenumbers`, read once, asked by pattern.

The library's own parser takes some thirty microseconds a number and region."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
          "voicemail")  # fmt: skip


class NumberingPlan(msgspec.Struct, frozen=True):
    """One region's plan: how many digits a number may have, the patterns of those that are of some kind, and what may
    stand before one inside the country."""

    lengths: frozenset[int]
    valid: tuple[str, ...]
    prefix: re.Pattern[str] | None
    regions: tuple[str, ...]


def is_possible_abroad(digits: str) -> bool:
    """Digits after a plus: a country's code and as many as its numbers have."""
    for size in (1, 2, 3):
        if regions := COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:size] or 0)):
            return len(digits) > size and _is_possible(digits[size:], _plan(regions[0], int(digits[:size])))
    return False


def is_possible(digits: str, region: str) -> bool:
    """Digits as they are dialled inside a region: as many as its numbers have."""
    return _is_possible(digits, _plan(region, 0))


def is_valid(digits: str, region: str) -> bool:
    """Digits as they are dialled inside a region: a number that is given out there."""
    plan = _plan(region, 0)
    return any(_valid(plan.regions).fullmatch(number) for number in _national(digits, plan))


def _is_possible(digits: str, plan: NumberingPlan) -> bool:
    return any(len(number) in plan.lengths for number in _national(digits, plan))


def _national(digits: str, plan: NumberingPlan) -> tuple[str, ...]:
    """The number without what stands before it inside the country, and as it is."""
    before = plan.prefix.match(digits) if plan.prefix else None
    return (digits[before.end() :], digits) if before and before.end() else (digits,)


@cache
def _valid(regions: tuple[str, ...]) -> re.Pattern[str]:
    """Any number that is given out in one of the regions."""
    return re.compile("|".join(dict.fromkeys(form for region in regions for form in _plan(region, 0).valid)))


@cache
def _plan(region: str, code: int) -> NumberingPlan:
    known: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    general = known.general_desc
    described = [getattr(known, kind) for kind in _KINDS]
    patterns = {kind.national_number_pattern for kind in described if kind and kind.national_number_pattern}
    return NumberingPlan(
        lengths=frozenset(general.possible_length) | frozenset(general.possible_length_local_only),
        valid=tuple(sorted(patterns)),
        prefix=re.compile(known.national_prefix_for_parsing) if known.national_prefix_for_parsing else None,
        regions=tuple(COUNTRY_CODE_TO_REGION_CODE[known.country_code]) if region != "001" else (region,),
    )
