"""What a file is called: by the last part of the name that a client gave it, and only by what can be shown of that."""

from __future__ import annotations

import re

from application.normal_form import normal

LONGEST = 255
UNNAMED = "untitled"
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control characters, what ends a line, halves of pairs, and what turns the direction of the text that follows: with
one of these `gpj.exe` is shown as `exe.jpg`."""


def path_of(given: str) -> str:
    """With its folders, one way to write it; empty when it has no name."""
    parts = [
        part for part in _UNPRINTABLE.sub("", given).replace("\\", "/").split("/") if part.strip() not in ("", ".")
    ]
    return normal("NFC", "/".join(parts)) if parts and parts[-1] != ".." else ""


def name_of(given: str) -> str:
    """Without folders, whichever system's they are, and without what cannot be shown; its end when it is too long."""
    last = _UNPRINTABLE.sub("", given).replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    return last[-LONGEST:] if last not in ("", ".", "..") else UNNAMED
