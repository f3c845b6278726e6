"""Ids as the contract writes them: UUIDs in their canonical form, in lower case."""

from __future__ import annotations

import re
from datetime import datetime

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_POSITION = 2**62
"""More than the facts of any stream or log: `upto` it means the whole, and no position beyond it is one."""


def is_id(text: str) -> bool:
    """Whether it is one, whoever it may name."""
    return _ID.fullmatch(text) is not None


def first_id(at: datetime) -> str:
    """What no id that was drawn before then (a UUIDv7) comes after, and every later one does."""
    ms = f"{int(at.timestamp() * 1000):012x}"
    return f"{ms[:8]}-{ms[8:]}"
