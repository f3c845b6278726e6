"""Every compiled pattern of the product, found by importing all of it; no list can forget one."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.architecture.made_docs import ROOT

PACKAGES = ("domain", "application", "adapters", "projections", "api", "infra")
"""`infra` too: the stand-in of Bedrock reads what users write, and the API waits for it."""
_DEEPEST = 5
_ELSEWHERE = {"adapters/pii/numbering_plans.py"}
"""Patterns of a library, which meet nineteen digits at most."""


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


def unseen() -> Iterator[str]:
    """Places in the product where a pattern is made that `patterns` cannot find: inside a function, or by a function of
    `re` that compiles as it goes."""
    for package in PACKAGES[:-1]:
        for path in sorted((ROOT / package).rglob("*.py")):
            if str(path.relative_to(ROOT)) not in _ELSEWHERE:
                yield from _unseen_in(path)


def _unseen_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    inside = {id(node) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
              for node in ast.walk(f)}  # fmt: skip
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=used)) if used != "escape":
                if used != "compile" or id(node) in inside:
                    yield f"{path.relative_to(ROOT)}:{node.lineno} re.{used}"
            case ast.ImportFrom(module="re"):
                yield f"{path.relative_to(ROOT)}:{node.lineno} from re import"
