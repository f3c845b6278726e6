"""Waiting for a fact with a deadline, and asking whether a process lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from infra.local.child import start_time

DEADLINE_S = 30.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Until `holds()`; AssertionError names `what` when it never does."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.02)


def running_below(data_dir: Path) -> list[str]:
    """The command lines of live processes that name this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # not a process, or gone meanwhile
            continue
        if entry.name.isdigit() and str(data_dir) in command and start_time(int(entry.name)):
            found.append(command)
    return found


def all_gone(pids: Iterable[int]) -> bool:
    """Whether none of them lives."""
    return all(start_time(pid) is None for pid in pids)
