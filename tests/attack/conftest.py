"""The ground that is attacked, and a bystander whose waiting is told at the end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import installed
from tests.attack.attack import CANARY, Ground

QUIET_S = 12.0
"""How long the bystander is watched before the first attack."""
ORDINARY = {
    "COLLOQUY_REQUESTS_PER_MINUTE": "300",
    "COLLOQUY_MAX_SOCKETS_PER_TENANT": "100",
    "COLLOQUY_MAX_TURNS_PER_TENANT": "20",
    "COLLOQUY_MAX_TURNS": "600",
}
"""An installation's own limits; the attackers' are lifted, or nothing but limits would be seen."""
LIFTED = {"requests_per_minute": 100_000, "concurrent_turns": 500}
_waited: list[str] = []


@dataclass
class Bystander:
    """When the bystander's turns began, and how long each waited for its first word, in seconds."""

    file: Path
    attacked_at: float = field(default=0.0)

    def turns(self) -> list[tuple[float, float]]:
        """All turns so far."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [(when, first) for when, first in map(json.loads, lines)]

    def told(self) -> str:
        """Its waiting before and during the attacks, in words."""
        before = sorted(first for when, first in self.turns() if when < self.attacked_at and first > 0)
        during = sorted(first for when, first in self.turns() if when >= self.attacked_at and first > 0)
        lost = sum(first <= 0 for _, first in self.turns())
        if not before or not during:
            return "the bystander was not watched"
        shown = [
            f"p{share}: {_at(during, share) * 1e3:.0f} ms beside {_at(before, share) * 1e3:.0f} ms before"
            f" ({_at(during, share) / _at(before, share):.2f})"
            for share in (50, 95)
        ]
        return f"first word of the other tenant over {len(during)} turns, {lost} failed: {'; '.join(shown)}"


def _at(ordered: list[float], share: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """Four tenants with documents; the neighbour's hold a canary."""
    with installed(4, DOCUMENTS, hashed_embeddings=True, **ORDINARY) as ours:
        attacker, neighbour, flooded, _ = ours.tenants
        found = Ground(ours, attacker, neighbour, flooded)
        _prepare(found)
        yield found


def _prepare(ground: Ground) -> None:
    import httpx

    for tenant in (ground.attacker, ground.neighbour, ground.ours.tenants[3]):
        headers = {"Authorization": f"Bearer {ground.token('admin', tenant=tenant)}"}
        httpx.put(f"{ground.ours.url}/v1/budget", json=LIFTED, headers=headers, timeout=30).raise_for_status()
    headers = {"Authorization": f"Bearer {ground.token('editor', tenant=ground.neighbour)}"}
    files = {"file": ("secret.md", f"# Secret\n\nThe word of the neighbour is {CANARY}.\n".encode())}
    httpx.post(f"{ground.ours.url}/v1/documents", files=files, headers=headers, timeout=30).raise_for_status()


@pytest.fixture(scope="session")
def bystander(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bystander]:
    """The fourth tenant, in a process of its own; watched for a while before anything happens."""
    found = Bystander(tmp_path_factory.mktemp("bystander") / "turns.jsonl")
    url = ground.ours.url.replace("http", "ws", 1) + "/v1/chat"
    token = ground.token(tenant=ground.ours.tenants[3], user="bystander")
    process = subprocess.Popen([sys.executable, "-m", "tests.attack.bystander", url, token, str(found.file)])
    try:
        deadline = time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            time.sleep(0.1)
        found.attacked_at = time.time()
        yield found
        assert process.poll() is None, "the bystander was thrown out"
        _waited.append(found.told())
    finally:
        process.terminate()
        process.wait(10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the bystander saw."""
    for line in _waited:
        terminalreporter.write_line(line)
