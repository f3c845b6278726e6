"""The documents that are made from the code: the map of the house and the table of settings.

`python -m tests.architecture.made_docs` writes them; a test compares.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from api.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "infra" / "docs"
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


def rendered(name: str, text: str) -> str:
    """A document with its made part made anew."""
    body = f"```\n{house_map()}\n```" if name == "map" else settings_table()
    begin, end = f"<!-- {name}: made from the code -->", f"<!-- /{name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{body}\n{end}{tail}"


if __name__ == "__main__":
    for made in ("map", "settings"):
        path = DOCS / f"{made}.md"
        path.write_text(rendered(made, path.read_text()))
