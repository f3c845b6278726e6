"""Shows the path of a turn: the product's files that are entered between `turn.create` and the model's call.

`python -m tests.architecture.turn_path` runs one turn on the fakes and prints the files in the order in which they are
first entered, how often each was entered from another file of the product, and which of them carry the turn on (they
await); the others are asked something and answer at once. The last line is the chain that waits for the model's call.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tests.application.turns.harness import house, member

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "application", "adapters", "projections", "api")
MODEL = str(ROOT / "tests" / "fakes" / "scripted_model.py")
AWAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Trace:
    """What was entered until the model was called. A coroutine that goes on after an `await` is not entered again."""

    def __init__(self) -> None:
        self.entries: Counter[str] = Counter()
        self.carrying: set[str] = set()
        self.chain: list[str] = []
        self._kept: dict[int, FrameType] = {}  # a frame that is kept has an id of its own

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or id(frame) in self._kept:
            return
        self._kept[id(frame)] = frame
        code = frame.f_code
        if code.co_filename == MODEL and code.co_flags & inspect.CO_ASYNC_GENERATOR:
            sys.setprofile(None)
            self.chain = list(dict.fromkeys(callers(frame)))[::-1]
            return
        file = product_file(frame)
        if file is None or code.co_name.startswith("<"):
            return
        if next(callers(frame), None) != file:
            self.entries[file] += 1
        if code.co_flags & AWAITS:
            self.carrying.add(file)


def product_file(frame: FrameType) -> str | None:
    """A file of the product, by its path in the repository."""
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT):
        return None
    name = str(path.relative_to(ROOT))
    return name if name.split("/")[0] in PRODUCT else None


def callers(frame: FrameType) -> Iterator[str]:
    """The files of the product that wait for this call, nearest first, whatever libraries stand between."""
    caller = frame.f_back
    while caller is not None:
        if found := product_file(caller):
            yield found
        caller = caller.f_back


async def trace() -> Trace:
    """One turn with documents and no cache to answer it, on the fakes."""
    trace = Trace()
    async with house() as ours:
        live = await ours.open()
        sys.setprofile(trace)
        try:
            await ours.create(member(), live, client_id="c", text="How long may coffee be returned?")
            await ours.settled()
        finally:
            sys.setprofile(None)
    assert trace.chain, "the model was called"
    return trace


def main() -> None:
    found = asyncio.run(trace())
    lines = [f"{n:4}  {'carries' if name in found.carrying else '':8}{name}" for name, n in found.entries.items()]
    entries = sum(found.entries.values())
    lines.append(f"{len(lines)} files, {entries} entries; {len(found.carrying)} carry the turn on")
    lines.append(f"{len(found.chain)} wait for the model: {', '.join(found.chain)}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
