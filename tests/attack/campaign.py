"""Makes the attacks of a run in a process of its own, kinds side by side, and prints a JSON line as each one ends.

Its command is read from standard input: `{"url", "data_dir", "tenants", "wanted": [id], "within_s"}`. It gives way to
the installation on the same machine: what the bystander waits for is the server, not those who attack it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.bench.harness.installation import Installed
from tests.attack.attack import Attack, Ground, Result
from tests.attack.catalogue import ATTACKS

LANES = (
    ("lorises",),
    ("pipes", "tails", "injections"),
    ("files",),
    ("patterns", "sql", "frames", "floods", "caches", "ids", "roles"),
)
"""Kinds that go side by side: those that only wait, those that wait for the jobs behind, and those that work."""
AT_ONCE = defaultdict(lambda: 3, lorises=10, pipes=4, tails=4, injections=6, patterns=2, floods=2, ids=6, roles=8)
ATTACK_S = 180.0
GIVES_WAY = 10


class Campaign:
    """Every attack that is wanted, once; what is not at its end when the time is up has failed."""

    def __init__(self, ground: Ground, wanted: set[str]) -> None:
        self._ground, self._wanted = ground, wanted
        self._told: set[str] = set()

    async def run(self, within_s: float) -> None:
        """All lanes side by side, within so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(self._lane(kinds) for kinds in LANES))
        for id in sorted(self._wanted - self._told):
            self._tell(Result(id, "not made: the time was up", 0.0, 0.0))

    async def _lane(self, kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            gate = asyncio.Semaphore(AT_ONCE[kind])
            chosen = [attack for attack in ATTACKS if attack.kind == kind and attack.id in self._wanted]
            await asyncio.gather(*(self._make(attack, gate) for attack in chosen))

    async def _make(self, attack: Attack, gate: asyncio.Semaphore) -> None:
        async with gate:
            began, wrong = time.time(), ""
            try:
                async with asyncio.timeout(ATTACK_S):
                    await attack.run(self._ground)
            except Exception as error:  # whatever it was, the others go on and the test says it
                wrong = f"{type(error).__name__}: {error}"[:2_000]
            self._tell(Result(attack.id, wrong, began, time.time()))

    def _tell(self, result: Result) -> None:
        self._told.add(result.id)
        print(result.line(), flush=True)  # noqa: T201  # a pipe leads to who started us


def give_way() -> None:
    """As the jobs behind do: Linux weighs sessions where it groups them."""
    os.nice(GIVES_WAY)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(GIVES_WAY))


def main() -> None:
    """The command, and all it asks for."""
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    give_way()
    ours = Installed(asked["url"], Path(asked["data_dir"]), {}, "", asked["tenants"])
    asyncio.run(Campaign(Ground.of(ours), set(asked["wanted"])).run(asked["within_s"]))


if __name__ == "__main__":
    main()
