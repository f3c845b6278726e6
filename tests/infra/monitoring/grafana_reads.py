"""What of a dashboard's JSON Grafana's own types have no place for. Runs in the verifiers' environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder  # type: ignore[import-not-found,unused-ignore]
from grafana_foundation_sdk.models.dashboard import Dashboard  # type: ignore[import-not-found,unused-ignore]


def lost(given: Any, read: Any, place: str = "") -> Iterator[str]:
    """Places whose value is not what it was."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            yield from lost(value, read.get(name), f"{place}/{name}")
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for number, (one, other) in enumerate(zip(given, read, strict=True)):
            yield from lost(one, other, f"{place}/{number}")
    elif given != read:
        yield place


for path in sys.argv[1:]:
    shown = json.loads(Path(path).read_text())
    for place in lost(shown, json.loads(JSONEncoder().encode(Dashboard.from_json(shown)))):
        print(f"{path}{place}")  # noqa: T201  # this is what it is for
