"""What was found of a part of an installation when somebody looked at it: whether it works, and how to mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

Verdict = Literal["ok", "warn", "bad"]


class Finding(msgspec.Struct, frozen=True):
    """One sentence of a part. `bad` is what breaks, or breaks soon; `warn` what hurts in some case; `mend` is what to
    do."""

    part: str
    verdict: Verdict
    said: str
    mend: str = ""


Look = Callable[[], Awaitable[Sequence[Finding]]]


def ok(part: str, said: str) -> Finding:
    """It works."""
    return Finding(part, "ok", said)


def warn(part: str, said: str, mend: str = "") -> Finding:
    """It hurts in some case."""
    return Finding(part, "warn", said, mend)


def bad(part: str, said: str, mend: str = "") -> Finding:
    """It breaks, or will soon."""
    return Finding(part, "bad", said, mend)
