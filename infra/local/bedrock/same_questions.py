"""Whether two questions are one, as the stand-in says it: by a table that tests set, with errors if they wish."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

STEP = "same_question"
_PAIR = re.compile(r"^A: (.*)\nB: (.*)$", re.MULTILINE)


@dataclass
class SameQuestions:
    """Questions of one group, and of groups that share one, are the same, all others are not; of all pairs, each in
    each order, a share `error_rate` is answered wrongly, and always the same ones for a `seed`."""

    groups: list[list[str]] = field(default_factory=list)
    error_rate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.error_rate <= 1:
            raise ValueError("error_rate: between 0 and 1")
        self._group: dict[str, int] = {}
        for number, group in enumerate(self.groups):
            plain = [_plain(question) for question in group]
            known = {self._group[question] for question in plain if question in self._group}
            self._group |= {question: number for question, of in self._group.items() if of in known}
            self._group |= dict.fromkeys(plain, number)

    def answer(self, body: dict[str, Any]) -> str | None:
        """`yes` or `no` to a request of the step; None to any other."""
        if body.get("requestMetadata", {}).get("step") != STEP:
            return None
        said = "".join(block.get("text", "") for message in body["messages"] for block in message["content"])
        pair = _PAIR.search(said)
        if pair is None:
            return "no"
        first, second = map(_plain, pair.groups())
        same = first == second or (first in self._group and self._group[first] == self._group.get(second))
        return "yes" if same != self._errs(first, second) else "no"

    def _errs(self, first: str, second: str) -> bool:
        lot = hashlib.sha256(f"{self.seed}\0{first}\0{second}".encode()).digest()
        return int.from_bytes(lot[:8]) < self.error_rate * 2**64


def _plain(question: str) -> str:
    return " ".join(question.split()).casefold()
