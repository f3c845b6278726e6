"""Says whether the answer to one question may serve another: in doubt it may not."""

from __future__ import annotations


def may_serve(kept: str, asked: str) -> bool:
    """Whether both ask for the same thing."""
    return kept.casefold().split() == asked.casefold().split()
