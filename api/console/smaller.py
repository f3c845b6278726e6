"""Scripts and styles without what only their readers need: comments, spaces, names that no other file knows. What
people see stays as written."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping

KINDS = {"js": "application/javascript", "css": "text/css"}
LIBRARY = "minify"
WITHIN_S = 60


def smaller(files: Mapping[str, str]) -> dict[str, str]:
    """Files by their names as they are sent; as written where the library has no build for this kind of machine. The
    library brings a runtime of its own along, with threads and handlers of signals: it runs in a process that ends."""
    if importlib.util.find_spec(LIBRARY) is None:
        return dict(files)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "api.console.smaller"],
        input=json.dumps(dict(files)).encode(),
        stdout=subprocess.PIPE,
        timeout=WITHIN_S,
        check=True,
    )
    made: dict[str, str] = json.loads(done.stdout)
    return made


def _made_smaller(files: Mapping[str, str]) -> dict[str, str]:
    from minify import string

    return {name: string(KINDS[suffix], text) if (suffix := name.rpartition(".")[2]) in KINDS else text
            for name, text in files.items()}  # fmt: skip


if __name__ == "__main__":
    json.dump(_made_smaller(json.load(sys.stdin)), sys.stdout)
