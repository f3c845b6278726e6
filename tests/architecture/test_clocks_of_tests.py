"""No test reads a clock when it is found: many minutes may pass before it runs, and what was soon is over by then."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CLOCKS = {"now", "time", "time_ns", "monotonic", "perf_counter", "today", "utcnow"}
WAITS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def read_at_import(tree: ast.AST) -> Iterator[int]:
    """The lines on which a module reads a clock while it is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and not node.args and _name(node.func) in CLOCKS:
            yield node.lineno
        if isinstance(node, WAITS):
            beside = [*getattr(node, "decorator_list", ()), node.args]
            yield from (line for part in beside for line in read_at_import(ast.Module([ast.Expr(part)], [])))
        else:
            yield from read_at_import(node)


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def test_no_test_reads_a_clock_when_it_is_found() -> None:
    found = [f"{file}:{n}" for file in Path("tests").rglob("*.py") for n in read_at_import(ast.parse(file.read_text()))]
    assert found == []


def test_such_a_clock_is_seen() -> None:
    early = (
        "A = {'exp': time.time() + 5}\n@mark(now())\ndef f(x=monotonic()): return time.time()\nclass C:\n  at = now()"
    )
    assert sorted(read_at_import(ast.parse(early))) == [1, 2, 3, 5]
    late = "def f():\n  return now()\nB = lambda: time.time()"
    assert list(read_at_import(ast.parse(late))) == []
