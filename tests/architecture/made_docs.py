"""The documents that are made from the code: the map of the house, the settings, the metrics and the log's events.

`python -m tests.architecture.made_docs` writes them; a test compares.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from api.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "infra" / "docs"
PRODUCT = ("domain", "application", "adapters", "projections", "api")
FOLDERS = ("domain", "application", "adapters", "projections", "api", "infra")


def first_sentence(path: Path) -> str:
    """What a module's docstring begins with, up to its first full stop or colon, on one line."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def house_map() -> str:
    """Every package and module with its first sentence."""
    lines = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py"), key=_package_first):
            where = path.relative_to(ROOT)
            if path.name != "__main__.py":
                name = f"{where.parent}/" if path.name == "__init__.py" else str(where)
                lines.append(f"{name:<44} {first_sentence(path)}".rstrip())
    return "\n".join(lines)


def _package_first(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(ROOT).parts
    return parts[:-1] if path.name == "__init__.py" else (*parts[:-1], "", parts[-1])


def settings_table() -> str:
    """Every setting with its default."""
    settings = Settings()
    rows = ["| setting | default |", "|---|---|"]
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        shown = ",".join(value) if isinstance(value, tuple) else value
        rows.append(f"| `{PREFIX}{name.upper()}` | `{shown}` |" if shown != "" else f"| `{PREFIX}{name.upper()}` | |")
    return "\n".join(rows)


KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram"}
KINDS |= {"CounterMetricFamily": "counter", "GaugeMetricFamily": "gauge"}


class Metric(NamedTuple):
    """A metric as it is defined: a counter's name has its `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    where: str


def all_metrics() -> list[Metric]:
    """Every metric of the product, by name."""
    found = {}
    for path, call in _calls():
        kind = KINDS.get(_name(call.func))
        if kind is None or len(call.args) < 2 or not _text(call.args[0]).startswith("colloquy_"):
            continue
        labels = next((word.value for word in call.keywords if word.arg in ("labels", "labelnames")), None)
        labels = call.args[2] if labels is None and len(call.args) > 2 else labels
        names = tuple(_text(item) for item in labels.elts) if isinstance(labels, ast.Tuple | ast.List) else ()
        told = (
            ast.literal_eval(call.args[1]) if isinstance(call.args[1], ast.Constant) else _assigned(path, call.args[1])
        )
        name = _text(call.args[0]) + ("_total" if kind == "counter" else "")
        found[name] = Metric(name, kind, names, told, str(path.relative_to(ROOT)))
    return [found[name] for name in sorted(found)]


def metrics_table() -> str:
    """Every metric with its labels."""
    rows = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    return "\n".join(
        [
            *rows,
            *(f"| `{m.name}` | {m.kind} | {' '.join(f'`{x}`' for x in m.labels)} | {m.help} |" for m in all_metrics()),
        ]
    )


LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


class LogEvent(NamedTuple):
    """What is logged under a name: at which levels, with which fields of its own, and where."""

    levels: set[str]
    fields: set[str]
    where: set[str]


def log_events() -> dict[str, LogEvent]:
    """Every event that is logged, by name."""
    found: dict[str, LogEvent] = {}
    for path, call in _calls():
        level = _name(call.func)
        of_log = isinstance(call.func, ast.Attribute) and _name(call.func.value) == "log" and level in LEVELS
        if not call.args or not (of_log or level == "tell") or not (event := _text(call.args[0])):
            continue
        known = found.setdefault(event, LogEvent(set(), set(), set()))
        known.levels.update([level] if of_log else [])
        known.fields.update(word.arg for word in call.keywords if word.arg not in (None, "exc_info", "stack_info"))
        known.where.add(str(path.relative_to(ROOT)))
    return found


def log_fields() -> dict[str, set[str]]:
    """The fields of each event's own."""
    return {event: known.fields for event, known in log_events().items()}


def log_table() -> str:
    """All of them as a table."""
    rows = ["| event | level | fields of its own | where |", "|---|---|---|---|"]
    for event, known in sorted(log_events().items()):
        own = " ".join(f"`{field}`" for field in sorted(known.fields))
        rows.append(f"| `{event}` | {' '.join(sorted(known.levels))} | {own} | {' '.join(sorted(known.where))} |")
    return "\n".join(rows)


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call in those modules of the product that measure or log."""
    for path in _telling():
        yield from ((path, node) for node in ast.walk(_tree(path)) if isinstance(node, ast.Call))


@cache
def _telling() -> list[Path]:
    found = (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if re.search("structlog|prometheus_client", path.read_text())]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _assigned(path: Path, name: ast.expr) -> str:
    """The text that a name stands for in a module."""
    values = (
        _text(node.value)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assign) and [_name(target) for target in node.targets] == [_name(name)]
    )
    return next(values, "")


MADE = {"map": house_map, "settings": settings_table, "metrics": metrics_table, "logs": log_table}


def rendered(name: str, text: str) -> str:
    """A document with its made part made anew."""
    made = MADE[name]()
    body = f"```\n{made}\n```" if name == "map" else made
    begin, end = f"<!-- {name}: made from the code -->", f"<!-- /{name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{body}\n{end}{tail}"


if __name__ == "__main__":
    for made in MADE:
        path = DOCS / f"{made}.md"
        path.write_text(rendered(made, path.read_text()))
