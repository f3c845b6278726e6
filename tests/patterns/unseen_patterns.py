"""Patterns of the product that importing it does not show."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from infra.bench.product_patterns import PACKAGES
from tests.architecture.made_docs import ROOT

_ELSEWHERE = {"adapters/pii/numbering_plans.py", "adapters/pii/payment.py"}
"""Patterns from a library's tables, which meet nineteen digits and one account number at most."""


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
