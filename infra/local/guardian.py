"""The guardian: one process that owns every server and job of an installation, so that none can outlive it.

Its parent holds a pipe to it. When the parent is gone in any way, the pipe ends and everything is stopped in order;
when the guardian itself is killed, the kernel gives each child the signal that stops it; what is left after a crash of
the machine's kernel of processes is swept at the next start, by pid and start time.

It reads commands from the pipe, one JSON object a line ({"start": {"name", "argv", "env"}}), and writes what happens
to another ({"part", "ready_s"}, {"ready": {...}}, {"started", "pid"}, {"exited", "code"}, {"failed"}).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from infra.local.child import Recipe, spawn, start_time
from infra.local.parts import PARTS, Part
from infra.local.ports import Ports
from infra.local.postgres import Postgres

READY_S = 60.0
LOG_TAIL = 1_000
URLS = {
    "postgres": "database_url", "nats": "nats_url", "valkey": "valkey_url", "aws": "aws_url", "bedrock": "bedrock_url",
}  # fmt: skip
JOB_GRACE_S = 40.0


class Guardian:
    """Children by name; parts are servers, jobs are processes of the product that stop before them."""

    def __init__(self, data_dir: Path, out: int, *, fast: bool) -> None:
        self.data_dir, self._out, self._fast = data_dir, out, fast
        for folder in ("log", "run"):
            (data_dir / folder).mkdir(parents=True, exist_ok=True)
        self._children: dict[str, tuple[Recipe, subprocess.Popen[bytes]]] = {}
        self._jobs: set[str] = set()
        self._stopping = asyncio.Event()
        self._postgres: Postgres | None = None
        self._began = time.monotonic()

    def tell(self, **what: Any) -> None:
        """Write one line to the parent."""
        with contextlib.suppress(OSError):
            os.write(self._out, json.dumps(what).encode() + b"\n")

    # Starting

    def start(self, recipe: Recipe) -> subprocess.Popen[bytes]:
        """Spawn a child and note it for a later sweep."""
        process = spawn(recipe, self.data_dir / "log" / f"{recipe.name}.log")
        self._children[recipe.name] = (recipe, process)
        noted = {n: (p.pid, start_time(p.pid), int(r.stop)) for n, (r, p) in self._children.items()}
        draft = self.data_dir / "run" / "pids.new"
        draft.write_text(json.dumps(noted))
        draft.replace(self.data_dir / "run" / "pids.json")
        return process

    async def _start_part(self, name: str, part: Part) -> None:
        process = self.start(part.recipe)
        deadline, pause = time.monotonic() + READY_S, 0.005
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended at once (code {process.returncode}): {self.log_tail(name)}")
            try:
                if await part.ready(process.pid):
                    break
            except (OSError, TimeoutError, ValueError, IndexError, EOFError):
                pass  # not yet
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} was not ready within {READY_S:.0f} s: {self.log_tail(name)}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        self.tell(part=name, ready_s=round(time.monotonic() - self._began, 2))

    async def start_parts(self, without: frozenset[str]) -> dict[str, str]:
        """Start all parts side by side; their URLs."""
        ports, urls = Ports(self.data_dir / "run" / "ports.json"), {}

        async def one(name: str) -> None:
            if name == "postgres":
                self._postgres = Postgres(self.data_dir / "postgres", fast=self._fast)
                part = await self._postgres.part(ports)
            else:
                part = PARTS[name](self.data_dir / name, ports, fast=self._fast)
            await self._start_part(name, part)
            urls[URLS[name]] = part.url

        await asyncio.gather(*(one(name) for name in URLS if name not in without))
        return urls

    def start_job(self, name: str, argv: list[str], env: dict[str, str]) -> None:
        """Start a process of the product."""
        recipe = Recipe(name=name, argv=argv, cwd=Path.cwd(), env=env, grace_s=JOB_GRACE_S)
        process = self.start(recipe)
        self._jobs.add(name)
        self.tell(started=name, pid=process.pid)

    def log_tail(self, name: str) -> str:
        """The end of a child's log."""
        try:
            return (self.data_dir / "log" / f"{name}.log").read_text(errors="replace")[-LOG_TAIL:].strip()
        except OSError:
            return ""

    def pids(self) -> dict[str, int]:
        """Those that run."""
        return {name: process.pid for name, (_, process) in self._children.items() if process.poll() is None}

    # Watching

    async def watch(self) -> None:
        """Report children that end, until told to stop."""
        while not self._stopping.is_set():
            for name, (_, process) in list(self._children.items()):
                if process.poll() is not None:
                    del self._children[name]
                    self.tell(
                        exited=name, code=process.returncode, part=name not in self._jobs, log=self.log_tail(name)
                    )
                    if name not in self._jobs:
                        return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.2)

    def obey(self, line: str) -> None:
        """One command of the parent."""
        command = json.loads(line)
        if "start" in command:
            self.start_job(**command["start"])

    def stop(self) -> None:
        """Begin the end."""
        self._stopping.set()

    # Ending

    async def end(self) -> None:
        """Stop the jobs, then the servers, each by its own signal, and by force when its time is over."""
        for names in (self._jobs & self._children.keys(), set(self._children) - self._jobs):
            await asyncio.gather(*(self._end_child(*self._children[name]) for name in names))
        for name in ("pids.json", "installation.json"):
            (self.data_dir / "run" / name).unlink(missing_ok=True)
        if self._postgres:
            self._postgres.clean_up()

    @staticmethod
    async def _end_child(recipe: Recipe, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(recipe.stop)
        deadline = time.monotonic() + recipe.grace_s
        while process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sweep(data_dir: Path) -> None:
    """End what a killed installation left running on this data directory."""
    try:
        noted = json.loads((data_dir / "run" / "pids.json").read_text())
    except (OSError, ValueError):
        return
    for pid, began, stop in noted.values():
        if began is None or start_time(pid) != began:
            continue
        os.kill(pid, stop)
        for _ in range(100):
            if start_time(pid) != began:
                break
            time.sleep(0.05)
        else:
            os.kill(pid, signal.SIGKILL)


def take_lock(data_dir: Path) -> Any:
    """The data directory for ourselves: waits a moment for a predecessor that is still stopping."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / "lock").open("a+")
    for _ in range(100):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            time.sleep(0.1)
    raise RuntimeError(f"another installation runs on {data_dir}")


async def guard(data_dir: Path, lifeline: int, out: int, *, fast: bool, without: frozenset[str]) -> int:
    """Run until the lifeline ends, a signal comes or a server dies; 0 after a clean stop."""
    guardian, loop = Guardian(data_dir, out, fast=fast), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, guardian.stop)
    reader = asyncio.StreamReader()
    pipe = os.fdopen(lifeline, "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)

    async def listen() -> None:
        while line := await reader.readline():
            guardian.obey(line.decode())
        guardian.stop()

    starting = asyncio.create_task(guardian.start_parts(without))
    listening = asyncio.create_task(listen())
    stopped = asyncio.create_task(guardian._stopping.wait())
    code = 0
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            guardian.tell(ready=starting.result(), pids=guardian.pids(), guardian=os.getpid())
            await guardian.watch()
    except Exception as error:  # told to the parent, who says it in one sentence
        guardian.tell(failed=str(error))
        code = 1
    finally:
        for task in (starting, listening, stopped):
            task.cancel()
        await guardian.end()
    return code


def main() -> int:
    """`python -m infra.local.guardian DATA_DIR LIFELINE OUT [--fast] [--without PART...]`; `stack.py` starts it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("lifeline", type=int)
    parser.add_argument("out", type=int)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    asked = parser.parse_args()
    data_dir = asked.data_dir.resolve()
    try:
        lock = take_lock(data_dir)
    except RuntimeError as error:
        os.write(asked.out, json.dumps({"failed": str(error)}).encode() + b"\n")
        return 1
    sweep(data_dir)
    try:
        return asyncio.run(
            guard(data_dir, asked.lifeline, asked.out, fast=asked.fast, without=frozenset(asked.without))
        )
    finally:
        lock.close()


if __name__ == "__main__":
    sys.exit(main())
