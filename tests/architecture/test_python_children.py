"""Python is started isolated: neither the folder that somebody stands in nor his environment is imported from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.architecture.made_docs import ROOT

FOLDERS = ("domain", "application", "adapters", "projections", "api", "infra/local")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def started_open(source: str) -> list[int]:
    """The lines where an interpreter is started, or can be, without `-I` right behind it."""
    tree = ast.parse(source)
    isolated = {
        id(first) for first, second in _neighbours(tree) if isinstance(second, ast.Constant) and second.value == "-I"
    }
    expressions = (node for node in ast.walk(tree) if isinstance(node, ast.expr))
    return [node.lineno for node in expressions if _is_interpreter(node) and id(node) not in isolated]


def _neighbours(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    for node in ast.walk(tree):
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else node.args if isinstance(node, ast.Call) else []
        yield from pairwise(items)


def _is_interpreter(node: ast.AST) -> bool:
    named = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
    return named in ("sys.executable", "sys._base_executable", "executable")


def test_python_is_started_isolated() -> None:
    found = {str(path.relative_to(ROOT)): started_open(path.read_text()) for path in MODULES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "open_one",
    ['[sys.executable, "-m", "x"]', 'run(sys.executable, "-m")', "python = sys.executable", '(sys.executable, "-P")'],
)
def test_it_is_seen_when_it_is_not(open_one: str) -> None:
    assert started_open(open_one) == [1]


def test_isolated_it_may_be() -> None:
    assert started_open('[sys.executable, "-I", "-m", "x"]; run(sys.executable, "-I", "-m")') == []
