"""Reads a lock: what is pinned, in which version, with the hashes of its files."""

from __future__ import annotations

import re
from pathlib import Path

LOCKS = Path(__file__).parents[1] / "locks"
_PIN = re.compile(r"\A([A-Za-z0-9._-]++)(?:\[[^]]*+\])?==([^\s;\\]++)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def normal_name(name: str) -> str:
    """A project's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: Path) -> dict[tuple[str, str], list[str]]:
    """Hashes (SHA-256) by name and version; ValueError for a line that pins nothing."""
    found = dict[tuple[str, str], list[str]]()
    text = "\n".join(line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#"))
    for entry in filter(str.strip, text.replace("\\\n", " ").splitlines()):
        pin = _PIN.match(entry.strip())
        if pin is None:
            raise ValueError(f"{lock.name}: no pin of one version: {entry.strip()[:80]}")
        found.setdefault((normal_name(pin[1]), pin[2]), []).extend(_HASH.findall(entry))
    return found
