"""The guardian: one process that owns every server and job of an installation, so that none can outlive it.

Its parent holds a pipe to it. When the parent is gone in any way, the pipe ends and everything is stopped soon; when
the guardian itself is killed, the kernel gives each child the signal that stops it; what slipped through is swept at
the next start, by pid and start time.

It reads commands from the pipe, one JSON object a line ({"start": {"name", "argv", "env"}}, {"stop": true}), and
writes what happens to another ({"part", "ready_s"}, {"ready", "pids", "guardian"}, {"started", "pid"},
{"exited", "code"}, {"failed"}). A child that ends is started again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from infra.local.child import Recipe
from infra.local.installation import READY, STOPPING, AlreadyRunningError, Installation
from infra.local.keeper import Keeper
from infra.local.parts import PARTS
from infra.local.ports import Ports
from infra.local.postgres import Postgres

URLS = {
    "postgres": "database_url", "nats": "nats_url", "valkey": "valkey_url", "aws": "aws_url", "bedrock": "bedrock_url",
}  # fmt: skip
COMMAND_BYTES = 4 << 20  # a command holds a whole environment


class Guardian:
    """Keepers by name; parts are servers, jobs are processes of the product that stop before them."""

    def __init__(self, installation: Installation, out: int, *, fast: bool, databases: int) -> None:
        self.installation, self._out, self._fast = installation, out, fast
        self._beside = [f"postgres_{number}" for number in range(1, databases)]
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._jobs: set[str] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._postgres: list[Postgres] = []
        self._began = time.monotonic()
        self.stop, self.hurry = asyncio.Event(), asyncio.Event()
        os.set_blocking(out, False)

    def tell(self, **what: Any) -> None:
        """Write one line to the parent; one who has stopped reading does not hold us up."""
        with contextlib.suppress(OSError):
            os.write(self._out, json.dumps(what).encode() + b"\n")

    async def run(self, without: frozenset[str]) -> None:
        """Start the parts, then wait; an ExceptionGroup says what could not be started or kept running."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fail())
            urls = await self._start_parts(without)
            self.installation.enter(READY)
            self.tell(ready=urls, pids=self.pids(), guardian=os.getpid())

    async def _fail(self) -> None:
        await self._failure

    async def _start_parts(self, without: frozenset[str]) -> dict[str, str]:
        # Kept for good: a server that is started again inherits its listening socket once more.
        self._ports = ports = Ports(self.installation.run / "ports.json", self._beside)
        urls = {}

        async def one(name: str) -> None:
            home = self.installation.path / name
            if name.startswith("postgres"):
                self._postgres.append(server := Postgres(home, fast=self._fast))
                part = await server.part(ports, self.installation.log(name.replace("postgres", "initdb")), name)
            else:
                part = PARTS[name](home, ports, fast=self._fast)
            keeper = self._keep(Keeper(part.recipe, self.installation, part.ready, self._changed))
            await keeper.is_ready.wait()
            self.tell(part=name, ready_s=round(time.monotonic() - self._began, 2))
            urls[URLS.get(name, name)] = part.url

        beside = [] if "postgres" in without else self._beside
        async with asyncio.TaskGroup() as group:
            for name in [*(URLS.keys() - without), *beside]:
                group.create_task(one(name))
        return urls | {"lane_urls": " ".join(urls.pop(name) for name in beside)}

    def start_job(self, name: str, argv: list[str], env: dict[str, str], grace_s: float = 40.0) -> None:
        """Start a process of the product. It is safe to kill at any moment, so an orphan is."""
        recipe = Recipe(name=name, argv=argv, cwd=Path.cwd(), env=env, grace_s=grace_s, orphaned=signal.SIGKILL)
        self._jobs.add(name)
        self._keep(Keeper(recipe, self.installation, changed=self._changed))

    def _keep(self, keeper: Keeper) -> Keeper:
        async def keep() -> None:
            try:
                await keeper.keep()
            except (OSError, RuntimeError) as error:
                if not self._failure.done():
                    self._failure.set_exception(error)

        self._keepers[keeper.name] = keeper
        self._tasks[keeper.name] = asyncio.create_task(keep())
        return keeper

    def _changed(self, keeper: Keeper, code: int | None) -> None:
        running = {name: (other.pid, other.recipe.stop) for name, other in self._keepers.items()}
        self.installation.note_children({name: (pid, stop) for name, (pid, stop) in running.items() if pid})
        if code is None:
            self.tell(started=keeper.name, pid=keeper.pid)
        else:
            self.tell(exited=keeper.name, code=code)

    def pids(self) -> dict[str, int]:
        """Those that run."""
        return {name: keeper.pid for name, keeper in self._keepers.items() if keeper.pid}

    async def obey(self, commands: asyncio.StreamReader) -> None:
        """Do what the parent says until its pipe ends; from then on the end is hurried, since nobody waits for it."""
        while line := await commands.readline():
            command = json.loads(line)
            if "stop" in command:
                self.stop.set()
            elif not self.stop.is_set():
                self.start_job(**command["start"])
        self.hurry.set()
        self.stop.set()

    async def end(self) -> None:
        """Stop the jobs, then the servers."""
        self.installation.enter(STOPPING)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for names in (self._jobs, self._keepers.keys() - self._jobs):
            await asyncio.gather(*(self._keepers[name].end(self.hurry) for name in names))
        for name in ("pids.json", "installation.json"):
            (self.installation.run / name).unlink(missing_ok=True)
        for server in self._postgres:
            server.clean_up()


async def guard(
    installation: Installation, lifeline: int, out: int, *, fast: bool, without: frozenset[str], databases: int = 1
) -> int:
    """Run until the parent wants the end, a signal comes or something cannot be kept running; 0 after a clean stop."""
    guardian, loop = Guardian(installation, out, fast=fast, databases=databases), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, guardian.stop.set)
    commands = asyncio.StreamReader(limit=COMMAND_BYTES)
    pipe = os.fdopen(lifeline, "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), pipe)
    running = asyncio.create_task(guardian.run(without))
    obeying = asyncio.create_task(guardian.obey(commands))
    stopping = asyncio.create_task(guardian.stop.wait())
    done, _ = await asyncio.wait({running, obeying, stopping}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await guardian.end()
    failed = first_cause(*(task.exception() for task in done))
    if failed:
        guardian.tell(failed=str(failed) or repr(failed))
    obeying.cancel()
    stopping.cancel()
    return 1 if failed else 0


def first_cause(*errors: BaseException | None) -> BaseException | None:
    """The first of these errors, out of the groups that side-by-side work wraps it in."""
    error = next((error for error in errors if error), None)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main() -> int:
    """`python -m infra.local.guardian DATA_DIR LIFELINE OUT [--fast] [--without PART...] [--databases N]`; it is
    `stack.py` that starts it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("lifeline", type=int)
    parser.add_argument("out", type=int)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--databases", type=int, default=1)
    asked = parser.parse_args()
    os.umask(0o077)  # what an installation writes is its owner's alone
    installation = Installation(asked.data_dir)
    try:
        installation.acquire()
    except AlreadyRunningError as error:
        os.write(asked.out, json.dumps({"failed": str(error)}).encode() + b"\n")
        return 1
    installation.sweep()
    return asyncio.run(
        guard(
            installation,
            asked.lifeline,
            asked.out,
            fast=asked.fast,
            without=frozenset(asked.without),
            databases=asked.databases,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
