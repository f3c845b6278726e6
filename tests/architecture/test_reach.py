"""Nobody reaches through another's parts: a call goes to what one has, or to a part of it, and no further."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.made_docs import ROOT

FILES = sorted((ROOT / "application").rglob("*.py"))
READING = {"get", "items", "keys", "values", "append", "add", "pop", "setdefault", "total", "is_set", "wait", "set"}
"""Calls on plain data: dicts, lists, sets, events."""


def reaching(source: str) -> Iterator[str]:
    """Calls like `gateway.failover.attempt.budget.level(...)`: on a part of a part of another object. What stands
    behind `self.` is one's own."""
    tree = ast.parse(source)
    modules = {
        (name.asname or name.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, *names = path_of(node.func)
            depth = len(names) - (2 if first == "self" else 1)
            if first and first not in modules and depth > 1 and names[-1] not in READING:
                yield f"{node.lineno}: {'.'.join((first, *names))}"


def path_of(called: ast.expr) -> list[str]:
    """`a.b.c` as its names; an empty first one when it does not begin with a name."""
    names: list[str] = []
    while isinstance(called, ast.Attribute):
        names.append(called.attr)
        called = called.value
    names.append(called.id if isinstance(called, ast.Name) else "")
    return names[::-1]


def test_nobody_reaches_through_anothers_parts() -> None:
    """Give the caller the part itself, or ask its owner to do it."""
    found = {str(path.relative_to(ROOT)): list(reaching(path.read_text())) for path in FILES}
    assert {path: reached for path, reached in found.items() if reached} == {}


def test_reaching_is_seen() -> None:
    assert list(reaching("self.gateway.failover.attempt.level(1)")) == ["1: self.gateway.failover.attempt.level"]
    assert list(reaching("turn.tasks.inner.end()\nimport asyncio\nasyncio.a.b.c()")) == ["1: turn.tasks.inner.end"]
    assert not list(reaching("self.gate.leave(x)\nrun.log.note(y)\nself.a.b.c()"))
