"""What a process that reads hostile files cannot do, with all its walls and with each of them taken away."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.confinement.probe import walls_here
from adapters.confinement.walls import WALLS

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")]
SCRIPT = Path(__file__).with_name("escapes.py")
ONLY_CALLS = {
    "signal everybody", "leave its namespaces", "use the kernel's keys", "run code that was read", "outlive its parent",
}  # fmt: skip
"""What nothing but the filter of calls forbids; the first reaches nobody but itself."""


@dataclass
class Outside:
    """What a prisoner might reach."""

    folder: Path
    secret: Path
    port: int
    path: str
    parent: int

    async def try_all(self, *without: str) -> dict[str, Any]:
        """Which walls held, and what came of each attempt. Python's own fence, which native code does not meet, is left
        away: it would hide the walls."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(SCRIPT), ",".join({"audit", *without}), str(self.parent), str(self.port),
            self.path, str(self.secret), str(self.folder), stdout=asyncio.subprocess.PIPE, env={},
        )  # fmt: skip
        out, _ = await asyncio.wait_for(child.communicate(), 60)
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    secret = tmp_path / "keys.json"
    secret.write_text("secret")
    secret.chmod(0o600)
    (tmp_path / "there").write_text("there")
    tmp_path.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as api, socket.socket(socket.AF_UNIX) as here:
        path = str(tmp_path / "s")
        here.bind(path)
        here.listen()
        Path(path).chmod(0o777)
        # It stands for the parent, which would otherwise be traced and signalled where a wall is missing.
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"KEY": "x"}) as parent:
            yield Outside(tmp_path, secret, api.getsockname()[1], path, parent.pid)
            parent.kill()


def through(found: dict[str, Any]) -> set[str]:
    """The attempts that went through."""
    return {name for name, error in found["outcome"].items() if not error}


async def test_nothing_goes_through_the_walls(outside: Outside) -> None:
    found = await outside.try_all()
    if "calls" not in found["walls"]:
        pytest.skip(f"this machine has {found['walls']}")
    assert through(found) == set()
    assert (outside.folder / "there").exists() and not (outside.folder / "written").exists()


async def test_without_walls_it_does(outside: Outside) -> None:
    """The attempts are ones that succeed: otherwise their failure shows nothing."""
    free = through(await outside.try_all(*WALLS))
    assert {"read the keys", "read the parent's environment", "connect to the API", "connect to a socket file"} <= free
    assert {"signal the parent", "write a file", "remove a file", "fork", "clone"} <= free


@pytest.mark.parametrize("away", ["network", "user", "files", "limits", "calls"])
async def test_each_wall_may_be_missing(outside: Outside, away: str) -> None:
    found = await outside.try_all(away)
    held = set(found["walls"])
    assert away not in held
    if len(held) < len(WALLS) - 2:
        pytest.skip(f"this machine has no more than {sorted(held)}")
    assert through(found) <= {"calls": ONLY_CALLS, "limits": {"raise its limits"}}.get(away, set())


async def test_it_is_known_which_hold_here(outside: Outside) -> None:
    here = await walls_here()
    assert {wall for wall, holds in here.items() if holds} == {"audit", *(await outside.try_all())["walls"]}


async def test_its_memory_is_limited(outside: Outside) -> None:
    code = "from adapters.confinement.walls import confine; confine(256 << 20); bytearray(512 << 20)"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", code, stderr=asyncio.subprocess.PIPE, env={}
    )
    _, said = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode != 0 and b"MemoryError" in said


async def test_it_ends_with_its_parent(outside: Outside) -> None:
    code = (
        "import os, sys; from adapters.confinement.walls import confine; confine(256 << 20);"
        "sys.stdout.write(str(os.getpid()) + chr(10)); sys.stdout.flush(); sys.stdin.read()"
    )
    between = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-I', '-c', {code!r}]); time.sleep(60)"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", between, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await asyncio.wait_for(parent.stdout.readline(), 60)
    parent.kill()
    assert await asyncio.wait_for(parent.stdout.read(), 60) == b"", "the pipe that both hold is closed"
    await parent.wait()


async def test_pythons_own_ways_are_fenced_too() -> None:
    code = (
        "from adapters.confinement.walls import *; import socket, subprocess;"
        "confine(256 << 20, without={wall for wall in WALLS if wall != 'audit'})\n"
        "for attempt in (socket.socket, lambda: subprocess.run(['true']), lambda: open('/tmp/x', 'w'), os.fork):\n"
        "    try: attempt()\n"
        "    except PermissionError: continue\n"
        "    raise SystemExit(1)"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code, env={})
    assert await asyncio.wait_for(child.wait(), 60) == 0
