"""Every compiled pattern of the product, found by importing all of it; no list can forget one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

PACKAGES = ("domain", "application", "adapters", "projections", "api", "infra")
"""`infra` too: the stand-in of Bedrock reads what users write, and the API waits for it."""
_DEEPEST = 5


def modules() -> Iterator[Any]:
    """Every module of the product but the one that runs when it is imported."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


@cache
def patterns() -> dict[re.Pattern[Any], str]:
    """Each pattern once, with where it stands: globals, attributes of classes and of structs, and what is in tuples,
    lists, sets and dicts of any of them."""
    found: dict[re.Pattern[Any], str] = {}
    for module in modules():
        for name, value in vars(module).items():
            for pattern in _inside(value, module.__name__):
                found.setdefault(pattern, f"{module.__name__}.{name}")
    return found


def _inside(value: Any, module: str, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < _DEEPEST:
        for part in _parts(value, module):
            yield from _inside(part, module, depth + 1)


def _parts(value: Any, module: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, msgspec.Struct):
        yield from msgspec.structs.astuple(value)
    elif isinstance(value, type) and value.__module__ == module:
        yield from vars(value).values()
