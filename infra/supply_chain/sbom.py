"""Adds to a bill of materials (CycloneDX, JSON) what the locks know: the hashes of each component's files.

`python -m infra.supply_chain.sbom build/sbom.json` is the second half of `make sbom`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from infra.supply_chain.locks import LOCKS, normal_name, pinned


def with_hashes(bill: dict[str, Any], lock: dict[tuple[str, str], list[str]]) -> dict[str, Any]:
    """The bill, where each component that is pinned has a reference to its distribution with the hash of every file
    that may be installed for it."""
    components = []
    for one in bill["components"]:
        hashes = lock.get((normal_name(one["name"]), one.get("version", "")), [])
        url = f"pkg:pypi/{normal_name(one['name'])}@{one.get('version', '')}"
        told = [{"type": "distribution", "url": url, "hashes": [{"alg": "SHA-256", "content": of}]} for of in hashes]
        components.append(one | {"externalReferences": one.get("externalReferences", []) + told} if told else one)
    return bill | {"components": components}


def all_locks() -> dict[tuple[str, str], list[str]]:
    """Hashes of everything that is pinned anywhere."""
    locks = [pinned(path) for path in sorted(LOCKS.glob("*.txt")) if path.name != "overrides.txt"]
    return {name: hashes for lock in locks for name, hashes in lock.items()}


if __name__ == "__main__":
    path = Path(sys.argv[1])
    bill = with_hashes(json.loads(path.read_text()), all_locks())
    path.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
