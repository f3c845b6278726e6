"""Words of a PDF that were broken at a line's end, whole again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

MARK = "\ufffe"
"""What PDFium gives for a hyphen at a line's end; the line's end itself it leaves out."""
LETTER, FIRST = "[^\\W\\d_]", "(?<![^\\W\\d_])"
BROKEN = re.compile(f"{FIRST}({LETTER}++){MARK}(?:\r?\n)?({LETTER}*+)")
BROKEN_PLAIN = re.compile(f"{FIRST}({LETTER}{{2,}}+)[-\u2010\u00ad]\r?\n({LETTER}{{2,}}+)")
HYPHENATED = re.compile(f"{FIRST}{LETTER}++-{LETTER}++")
WORD = re.compile("[^\\W\\d_]+")


class Hyphens:
    """Tells from all pages of a document whether a hyphen belongs to a word: `well-known` where that is written in the
    middle of a line too, else `wellknown`."""

    def __init__(self, pages: Iterable[str]) -> None:
        self._hyphenated: set[str] = set()
        self._words: Counter[str] = Counter()
        for page in pages:
            self._hyphenated.update(word.lower() for word in HYPHENATED.findall(page))
            self._words.update(WORD.findall(page.lower()))

    def joined(self, text: str) -> str:
        """A page's text with its words whole."""
        text = BROKEN_PLAIN.sub(self._plain, BROKEN.sub(self._join, text.replace("\r\n", "\n")))
        text = "\n".join(map(str.rstrip, text.split("\n")))
        return text.replace(f"{MARK}\n", "-").replace(MARK, "-").replace("\u00ad", "")

    def _join(self, match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        whole, apart = first + second, f"{first}-{second}"
        if not second or second[:1].isupper() or (first[-1:].isupper() and not whole.isupper()):
            return apart
        return apart if apart.lower() in self._hyphenated and not self._words[whole.lower()] else whole

    def _plain(self, match: re.Match[str]) -> str:
        """A hyphen that PDFium did not take for one that breaks a word."""
        return self._join(match) if match[2][:1].islower() else match[0]
