"""What a client calls the file that it sends, when the name is not plain ASCII (RFC 8187)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
EXTENDED = re.compile(r";\s*+filename\*\s*+=\s*+([\w-]{1,20})'[\w-]{0,20}'([^;\s\"]{1,3000})", re.I)
CHARSETS = frozenset(("utf-8", "iso-8859-1"))
"""The first is the one that is to be used, the second what older programs do."""


def extended_name(disposition: str) -> str | None:
    """The name in `filename*=UTF-8''...` of a Content-Disposition; None where there is none that can be read."""
    found = EXTENDED.search(QUOTED.sub("", disposition))
    if found is None or found[1].lower() not in CHARSETS:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        return None
