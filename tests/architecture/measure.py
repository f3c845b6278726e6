"""What the structure of a checkout is in numbers: `python -m tests.architecture.measure [CHECKOUT ...]`, side by side.

Read from the source alone, so that two commits can be compared: `git worktree add ../before COMMIT`, then
`python -m tests.architecture.measure ../before .`
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

ASSIGNED = "ignore[" + "method-assign"
"""How a test says that it assigns to a method."""
DOCUMENTED = {"_replace", "_exit", "_current_frames"}
"""Of named tuples, `os` and `sys`: public for all their underscore."""
PRODUCT = ("domain", "application", "adapters", "projections", "api", "infra")


class Tree:
    """A checkout's product modules and tests, parsed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.product = dict(self._modules(PRODUCT))

    @cached_property
    def tests(self) -> dict[Path, ast.Module]:
        """The tests' modules."""
        return dict(self._modules(("tests",)))

    def _modules(self, folders: tuple[str, ...]) -> Iterator[tuple[Path, ast.Module]]:
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*.py")):
                yield path.relative_to(self.root), ast.parse(path.read_text())

    def lines(self, path: Path) -> int:
        """How long a file is."""
        return len((self.root / path).read_text().splitlines())


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a module, those in others too."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lengths(tree: Tree) -> list[int]:
    """Lines of each function of the product, without its docstring, in order."""
    found = []
    for module in tree.product.values():
        for function in functions(module):
            body = function.body[1:] if ast.get_docstring(function) else function.body
            first = body[0].lineno if body else function.lineno
            found.append((function.end_lineno or first) - first + 2)
    return sorted(found)


def classes(tree: Tree) -> Iterator[tuple[Path, ast.ClassDef]]:
    """The product's classes at the top of their modules."""
    for path, module in tree.product.items():
        yield from ((path, node) for node in module.body if isinstance(node, ast.ClassDef))


def class_sizes(tree: Tree) -> Iterator[tuple[int, str]]:
    """How many methods each class has, ports apart, and its name."""
    for path, node in classes(tree):
        if "ports" not in path.parts:
            methods = [f for f in node.body if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield sum(not f.name.startswith("__") for f in methods), f"{path}:{node.name}"


def shared_names(tree: Tree) -> dict[str, int]:
    """Public types of one name in several modules, the client library's apart, which says the protocol's own names."""
    ours = (node.name for path, node in classes(tree) if path.parts[:2] != ("api", "client"))
    names = Counter(name for name in ours if not name.startswith("_"))
    return {name: count for name, count in names.items() if count > 1}


def imports(tree: Tree) -> Iterator[tuple[str, str]]:
    """(module, imported module) within the product, dotted."""
    known = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in tree.product}
    for path, module in tree.product.items():
        here = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    if (target := whole if whole in known else node.module) in known and target != here:
                        yield here, target
            elif isinstance(node, ast.Import):
                yield from ((here, alias.name) for alias in node.names if alias.name in known)


def room(module: str) -> str:
    """`application.turns.run_turn` is in the room `application.turns`. The ports are one room, however it is sorted."""
    found = ".".join(module.split(".")[:-1]) or module
    return "application.ports" if found.startswith("application.ports.") else found


def room_arrows(tree: Tree) -> set[tuple[str, str]]:
    """Which rooms of `application` import from which."""
    arrows = {
        (room(a), room(b)) for a, b in imports(tree) if a.startswith("application.") and b.startswith("application.")
    }
    return {(a, b) for a, b in arrows if a != b}


def circles(edges: set[tuple[str, str]]) -> int:
    """How many nodes stand in a circle (strongly connected with another)."""
    follows: dict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        follows[a].add(b)

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for following in follows[waiting.pop()] - seen:
                seen.add(following)
                waiting.append(following)
        return seen

    return sum(node in reach(node) for node in list(follows))


def patches(tree: Tree) -> int:
    """Patches in the tests of objects of ours: `monkeypatch.setattr`, and a method assigned to."""
    count = 0
    for path, module in tree.tests.items():
        calls = [node.func for node in ast.walk(module) if isinstance(node, ast.Call)]
        count += sum(isinstance(call, ast.Attribute) and call.attr == "setattr" for call in calls)
        count += (tree.root / path).read_text().count(ASSIGNED)
    return count


def private_attributes(tree: Tree) -> dict[str, int]:
    """Private attributes of something that is not `self`, by file; what Python's own documentation names is none."""
    found: Counter[str] = Counter()
    for path, module in tree.product.items():
        own = {n.attr for n in ast.walk(module) if isinstance(n, ast.Attribute) and _is_self(n.value)}
        for node in ast.walk(module):
            if (
                isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and not node.attr.startswith("__")
                and not _is_self(node.value)
                and node.attr not in own | DOCUMENTED
            ):
                found[str(path)] += 1
    return dict(found)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def measures(root: Path) -> dict[str, str]:
    """Every measure by name."""
    tree = Tree(root)
    folders = Counter(str(path.parent) for path in tree.product if path.name != "__init__.py")
    largest, in_largest = max((count, folder) for folder, count in folders.items())
    ordered = lengths(tree)
    methods, owner = max(class_sizes(tree))
    longest = max((tree.lines(path), str(path)) for path in [*tree.product, *tree.tests])
    names = shared_names(tree)
    private = private_attributes(tree)
    rooms = room_arrows(tree)
    return {
        "product files": str(len(tree.product)),
        "files in the largest folder": f"{largest} ({in_largest})",
        "lines of a function, p90 / longest": f"{ordered[len(ordered) * 9 // 10]} / {ordered[-1]}",
        "longest file, tests too": f"{longest[0]} ({longest[1]})",
        "types of one name": f"{len(names)} ({', '.join(sorted(names))})",
        "methods of the largest class": f"{methods} ({owner})",
        "patches of objects in tests": str(patches(tree)),
        "arrows between rooms of application": str(len(rooms)),
        "rooms of application in a circle": str(circles(rooms)),
        "modules in a circle": str(circles(set(imports(tree)))),
        "private attributes of others": f"{sum(private.values())} in {len(private)} files",
    }


def main(roots: list[str]) -> None:
    """Print a line a measure, a column a checkout."""
    columns = [measures(Path(root)) for root in roots]
    for name in columns[0]:
        print(f"{name:<40}" + " | ".join(column[name] for column in columns))  # noqa: T201  # a command prints


if __name__ == "__main__":
    main(sys.argv[1:] or ["."])
