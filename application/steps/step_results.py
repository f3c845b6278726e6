"""The results of a plan's steps, by the step's name: what has none, or one of another shape, is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Results = Mapping[str, Any]


def result_of(results: Results, step: str, kind: type[T]) -> T | None:
    """What a step found, if it is known and of that kind."""
    found = results.get(step)
    return found if isinstance(found, kind) else None
