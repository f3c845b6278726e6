"""Secrets that tell whose they are, and ears that find them: in bytes as they come, and in text that is in pieces."""

from __future__ import annotations

import random  # noqa: TID251  # seeded: the same in every run
import re
from collections import Counter
from collections.abc import Callable

MARK = "kanarie"
LENGTH = 16
_WORD = re.compile(rf"{MARK}[0-9a-f]{{{LENGTH}}}")
KEPT = len(MARK) + LENGTH - 1
"""Characters of the end of a text that may begin a secret."""


class Secrets:
    """A word for each tenant and kind of thing, drawn from a seed. Two tenants never have the same."""

    def __init__(self, seed: int = 1) -> None:
        self._drawn = random.Random(seed)  # the same in every run of one seed
        self._whose: dict[str, tuple[str, str]] = {}
        self._words: dict[tuple[str, str], str] = {}

    def word(self, tenant: str, kind: str) -> str:
        """The tenant's word for things of this kind."""
        if (tenant, kind) not in self._words:
            word = f"{MARK}{self._drawn.getrandbits(4 * LENGTH):0{LENGTH}x}"
            self._words[tenant, kind], self._whose[word] = word, (tenant, kind)
        return self._words[tenant, kind]

    def found(self, text: str) -> list[tuple[str, str]]:
        """Whose secrets stand in a text, and of which kind."""
        return [self._whose[word] for word in _WORD.findall(text) if word in self._whose] if MARK in text else []


class Ears:
    """All that leaves for one tenant's people. `foreign` says what came that is another's, and where it was heard."""

    def __init__(self, secrets: Secrets, tenant: str) -> None:
        self._secrets, self._tenant = secrets, tenant
        self.frames = self.answers = self.bytes = 0
        self.own: Counter[str] = Counter()
        self.foreign: list[str] = []

    def hear(self, text: str, where: str) -> None:
        """Something as it came."""
        self.bytes += len(text)
        for tenant, kind in self._secrets.found(text):
            if tenant == self._tenant:
                self.own[kind] += 1
            else:
                self.foreign.append(f"{where}: {kind} of {tenant}")

    def joining(self, where: str) -> Callable[[str], None]:
        """For the pieces of one text, in which a secret may come broken in two."""
        end = ""

        def hear(piece: str) -> None:
            nonlocal end
            self.hear(end + piece, where)
            end = (end + piece)[-KEPT:]

        return hear
