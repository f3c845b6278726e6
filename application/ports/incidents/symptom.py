"""What was found of a part of an installation when somebody looked at it: whether it works, and how to mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

Verdict = Literal["ok", "warn", "bad"]


class Symptom(msgspec.Struct, frozen=True):
    """One sentence of a part. `bad` is what breaks, or breaks soon; `warn` what hurts in some case; `mend` is what to
    do."""

    part: str
    verdict: Verdict
    said: str
    mend: str = ""


Look = Callable[[], Awaitable[Sequence[Symptom]]]


def ok(part: str, said: str) -> Symptom:
    """It works."""
    return Symptom(part, "ok", said)


def warn(part: str, said: str, mend: str = "") -> Symptom:
    """It hurts in some case."""
    return Symptom(part, "warn", said, mend)


def bad(part: str, said: str, mend: str = "") -> Symptom:
    """It breaks, or will soon."""
    return Symptom(part, "bad", said, mend)
