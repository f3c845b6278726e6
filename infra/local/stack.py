"""A local stack from its user's side: start it, start jobs in it, hear of what happens, stop it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infra.local.child import python
from infra.local.endpoints import Endpoints
from infra.local.installation import Installation

START_S = 90.0
STOP_S = 60.0
HURRIED_STOP_S = 10.0
FIRST_READ = 65_536


class Stack:
    """A running guardian. As long as this object's pipe is open everything runs; when its process dies, all stops."""

    def __init__(self, installation: Installation, guardian: subprocess.Popen[bytes], lifeline: int, told: int) -> None:
        self.installation, self.guardian, self._lifeline, self._told = installation, guardian, lifeline, told
        self._heard = b""
        self.endpoints = Endpoints()
        self.pids: dict[str, int] = {"guardian": guardian.pid}

    def news(self, timeout_s: float) -> dict[str, Any] | None:
        """The next thing that the guardian says (see there); None when it says nothing in time. RuntimeError when it
        has failed, or has ended without a word."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._told], [], [], left)[0]:
                return None
            more = os.read(self._told, FIRST_READ)
            if not more:
                raise RuntimeError("the guardian of the local stack was killed")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        news: dict[str, Any] = json.loads(line)
        if "failed" in news:
            raise RuntimeError(news["failed"])
        if "started" in news:
            self.pids[news["started"]] = news["pid"]
        return news

    def start_job(self, name: str, argv: list[str], env: Mapping[str, str], grace_s: float = 40.0) -> None:
        """Ask for a process of the product, stopped before the servers and given `grace_s` for it; its pid is news."""
        self._command({"start": {"name": name, "argv": argv, "env": dict(env), "grace_s": grace_s}})

    def _command(self, command: dict[str, Any]) -> None:
        line = json.dumps(command).encode() + b"\n"
        with suppress(BrokenPipeError):  # the guardian has ended: `news` says why
            while line:
                line = line[os.write(self._lifeline, line) :]

    def hurry(self) -> None:
        """Let go of the lifeline: what still runs has two seconds left."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def stop(self) -> None:
        """Ask for the orderly end and wait for it; what is too late is hurried, then killed. A second call is none."""
        if self._told < 0:
            return
        if self._lifeline >= 0:
            self._command({"stop": True})
        for deadline_s, otherwise in ((STOP_S, self.hurry), (HURRIED_STOP_S, self.guardian.kill)):
            try:
                self.guardian.wait(deadline_s)
                break
            except subprocess.TimeoutExpired:
                otherwise()
        self.guardian.wait()
        self.hurry()
        os.close(self._told)
        self._told = -1
        if self.guardian.returncode < 0:  # killed: its children have been told by the kernel, theirs have not
            self.installation.sweep()


def start(
    data_dir: Path,
    *,
    fast: bool = False,
    without: frozenset[str] = frozenset(),
    databases: int = 1,
    progress: Callable[[str, float], None] = lambda part, seconds: None,
) -> Stack:
    """Start the parts, but for those `without`, with so many PostgreSQLs; RuntimeError says what failed or that one
    runs there already. `fast` is for tests: nothing is flushed to disk."""
    installation = Installation(data_dir)
    installation.create()
    lifeline_end, lifeline = os.pipe()
    told, told_end = os.pipe()
    command = python("infra.local.guardian", str(installation.path), str(lifeline_end), str(told_end))
    command += ["--fast"] if fast else []
    command += ["--without", *sorted(without)] if without else []
    command += ["--databases", str(databases)]
    with installation.log("guardian").open("ab") as log:
        guardian = subprocess.Popen(
            command, pass_fds=(lifeline_end, told_end), start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    os.close(lifeline_end)
    os.close(told_end)
    stack = Stack(installation, guardian, lifeline, told)
    try:
        _until_ready(stack, progress)
    except BaseException:  # an interrupt, too, must find all stopped
        stack.stop()
        raise
    return stack


def _until_ready(stack: Stack, progress: Callable[[str, float], None]) -> None:
    deadline = time.monotonic() + START_S
    while news := stack.news(deadline - time.monotonic()):
        if "ready" in news:
            stack.endpoints = Endpoints(**news["ready"])
            return
        if "part" in news:
            progress(news["part"], news["ready_s"])
    raise RuntimeError(f"the local stack was not ready within {START_S:.0f} s")


@contextmanager
def running(data_dir: Path, *, fast: bool = True, without: frozenset[str] = frozenset()) -> Iterator[Stack]:
    """A stack for as long as a block runs."""
    stack = start(data_dir, fast=fast, without=without)
    try:
        yield stack
    finally:
        stack.stop()
