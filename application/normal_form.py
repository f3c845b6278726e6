"""Unicode's normal forms of texts that others write: in time that grows with the text, not with its square."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

_MARKS = re.compile(r"(?:[^\w\x00-\x7f]|[\uff9e\uff9f]){31,}+")
_JOINER = "\u034f"
_MOST = 30


def normal(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normal form. Python sorts the marks on one character by inserting them: thirty thousand take two
    seconds. More than thirty in a row are cut by a joiner, as the Stream-Safe Text Format says (UAX #15, 13)."""
    if text.isascii():
        return text
    return unicodedata.normalize(form, _MARKS.sub(_cut, text))


def _cut(match: re.Match[str]) -> str:
    run = match[0]
    if not any(unicodedata.combining(character) or character in "\uff9e\uff9f" for character in run):
        return run
    return _JOINER.join(run[start : start + _MOST] for start in range(0, len(run), _MOST))
