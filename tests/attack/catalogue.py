"""All attacks, and the table of them in the docs: `python -m tests.attack.catalogue` writes it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.attack.attack import Attack
from tests.attack.kinds import (
    caches,
    files,
    floods,
    frames,
    ids,
    injections,
    lorises,
    patterns,
    pipes,
    roles,
    sql,
    tails,
)

KINDS = (patterns, sql, files, frames, floods, lorises, caches, ids, roles, pipes, tails, injections)
ATTACKS: list[Attack] = [attack for kind in KINDS for attack in kind.ATTACKS]
PAGE = Path(__file__).parents[2] / "infra" / "docs" / "attacks.md"
HEAD = """# What is attacked, and what must happen

`make attack` starts an installation and makes every one of these attacks on it, as a tenant of it or as somebody who
can write to its pipe or its cache. Meanwhile another tenant asks its questions; the time to its first word during the
attacks, beside its time before them, is printed at the end, with a line for each kind; also when the run is cut.
Kinds go side by side, and it ends by itself within eight minutes.

Made from `tests/attack/kinds/` by `python -m tests.attack.catalogue`; a test compares.
"""


def page() -> str:
    """The table: a row for each kind and what must happen."""
    count = Counter((attack.kind, attack.must) for attack in ATTACKS)
    rows = [f"| {kind} | {number} | {must} |" for (kind, must), number in count.items()]
    body = "\n".join(["| kind | attacks | what must happen |", "|---|---|---|", *rows])
    return f"{HEAD}\n{body}\n\n{len(ATTACKS)} attacks in {len(KINDS)} kinds.\n"


if __name__ == "__main__":
    PAGE.write_text(page())
