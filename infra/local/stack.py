"""A local stack from its user's side: start it, start jobs in it, hear of what ends, stop it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.endpoints import Endpoints, read_installation

STOP_S = 60


class Stack:
    """A running guardian. As long as this object's pipe is open everything runs; when its process dies, all stops."""

    def __init__(self, guardian: subprocess.Popen[bytes], lifeline: int, told: Any) -> None:
        self.guardian, self._lifeline, self._told = guardian, lifeline, told
        self.endpoints = Endpoints()
        self.pids: dict[str, int] = {}

    def news(self) -> Iterator[dict[str, Any]]:
        """What the guardian says, until it ends."""
        for line in self._told:
            yield json.loads(line)

    @property
    def fileno(self) -> int:
        """To wait for news with a selector."""
        return int(self._told.fileno())

    def start_job(self, name: str, argv: list[str], env: Mapping[str, str]) -> None:
        """Ask for a process of the product; its pid comes as news."""
        command = {"start": {"name": name, "argv": argv, "env": dict(env)}}
        os.write(self._lifeline, json.dumps(command).encode() + b"\n")

    def stop(self) -> None:
        """Let go of the lifeline and wait for the orderly end; by force when it does not come."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        try:
            self.guardian.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.guardian.kill()
            self.guardian.wait()


def start(
    data_dir: Path,
    *,
    fast: bool = False,
    without: frozenset[str] = frozenset(),
    progress: Callable[[str, float], None] = lambda part, seconds: None,
) -> Stack:
    """Start the parts, but for those `without`; RuntimeError says what failed or that one runs there already. `fast` is
    for tests: nothing is flushed to disk."""
    running = read_installation(data_dir)
    if running:
        raise RuntimeError(
            f"already running on {data_dir} (pid {running['pid']}, {running.get('url') or 'still starting'})"
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    lifeline_end, lifeline = os.pipe()
    told, told_end = os.pipe()
    command = [sys.executable, "-m", "infra.local.guardian", str(data_dir), str(lifeline_end), str(told_end)]
    command += ["--fast"] if fast else []
    command += ["--without", *sorted(without)] if without else []
    with (data_dir / "guardian.log").open("ab") as log:
        guardian = subprocess.Popen(
            command, pass_fds=(lifeline_end, told_end), start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    os.close(lifeline_end)
    os.close(told_end)
    stack = Stack(guardian, lifeline, os.fdopen(told, "r"))
    for news in stack.news():
        if "failed" in news:
            stack.stop()
            raise RuntimeError(news["failed"])
        if "ready" in news:
            stack.endpoints = Endpoints(**news["ready"])
            stack.pids = news["pids"] | {"guardian": news["guardian"]}
            return stack
        progress(news["part"], news["ready_s"])
    stack.stop()
    raise RuntimeError(f"the local stack did not start: see {data_dir / 'guardian.log'}")


@contextmanager
def running(data_dir: Path, *, fast: bool = True, without: frozenset[str] = frozenset()) -> Iterator[Stack]:
    """A stack for as long as a block runs."""
    stack = start(data_dir, fast=fast, without=without)
    try:
        yield stack
    finally:
        stack.stop()
