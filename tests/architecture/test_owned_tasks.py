"""Every background task has an owner: tasks, threads and executors are begun in one place alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.made_docs import ROOT

FOLDERS = ("domain", "application", "adapters", "projections", "api")
THE_PLACE = ROOT / "application" / "tasks.py"
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path != THE_PLACE)
STARTERS = {
    "create_task",
    "ensure_future",
    "Thread",
    "Process",
    "Timer",
    "start_new_thread",
    "run_coroutine_threadsafe",
}
AWAITED = {"run_in_executor", "submit"}
"""These are seen to end where they are waited for at once."""


def begun_elsewhere(source: str) -> list[int]:
    """The lines that begin something that runs by itself. A group of tasks waits for its own."""
    tree = ast.parse(source)
    groups, awaited = set(_groups(tree)), {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    return [call.lineno for call in _calls(tree) if _begins(call, groups, waited_for=id(call) in awaited)]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _groups(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                if "TaskGroup" in ast.unparse(item.context_expr) and isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id


def _begins(call: ast.Call, groups: set[str], *, waited_for: bool) -> bool:
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    of_group = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in groups
    return (name in STARTERS and not of_group) or (name in AWAITED and not waited_for)


def test_nothing_is_begun_without_an_owner() -> None:
    """Begin it with `application.tasks`: a `TaskSet`, `SingleFlight` or `Loops`."""
    others = [path for path in MODULES if path != THE_PLACE]
    found = {str(path.relative_to(ROOT)): begun_elsewhere(path.read_text()) for path in others}
    assert {path: begun for path, begun in found.items() if begun} == {}


@pytest.mark.parametrize(
    "bare",
    [
        "asyncio.create_task(work())",
        "x = loop.create_task(work())",
        "ensure_future(work())",
        "threading.Thread(target=work).start()",
        "loop.run_in_executor(None, work)",
        "pool.submit(work)",
        "async with TaskGroup() as group:\n    other.create_task(work())",
    ],
)
def test_what_is_begun_bare_is_found(bare: str) -> None:
    inside = "\n".join(f"    {line}" for line in bare.splitlines())
    assert begun_elsewhere(f"async def f():\n{inside}")


@pytest.mark.parametrize(
    "owned",
    [
        "await loop.run_in_executor(None, work)",
        "async with asyncio.TaskGroup() as group:\n    group.create_task(work())",
    ],
)
def test_what_is_waited_for_at_once_has_its_owner(owned: str) -> None:
    inside = "\n".join(f"    {line}" for line in owned.splitlines())
    assert not begun_elsewhere(f"async def f():\n{inside}")
