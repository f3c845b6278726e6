"""Text that every store can keep."""

from __future__ import annotations

import re

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u00ad\u200b\ufeff]")
"""Control characters, and what only says where a word may be broken."""
SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """One kind of line end; no NUL or other control character; no half of a surrogate pair."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x85", "\n")
    return SURROGATE.sub("\ufffd", FORBIDDEN.sub("", text.replace("\u2028", "\n").replace("\u2029", "\n")))
