"""Draws texts by patterns, the same in every run of one seed."""

from __future__ import annotations

import random  # noqa: TID251  # a corpus that is drawn, the same in every run
import string
from collections.abc import Callable


class PatternDraw(random.Random):
    """`random.Random` that knows patterns."""

    def some(self, patterns: str) -> str:
        """One of the patterns: `#` is a digit, `%` a digit from 2 to 8, `@` a letter."""
        pattern = self.choice(patterns.split("|"))
        table = {"#": string.digits, "%": "2345678", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
        return "".join(self.choice(table[c]) if c in table else c for c in pattern)

    def until(self, pattern: str, valid: Callable[[str], bool]) -> str:
        """The first of a pattern that is valid."""
        while not valid(number := self.some(pattern)):
            pass
        return number

    def letters(self, n: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        """So many letters and digits."""
        return "".join(self.choices(alphabet, k=n))
