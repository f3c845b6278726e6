"""The ground that is attacked, those who attack, a bystander whose waiting is told, and the table at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import installed
from infra.local.child import ends_with_parent
from tests.attack.attack import CANARY, Ground, Result
from tests.attack.catalogue import ATTACKS
from tests.attack.table import Turn, table

QUIET_S = 20.0
"""How long the bystander is watched before the first attack."""
CAMPAIGN_S = 390.0
"""After so long the attacks end, whatever is left: with start and end the run stays below eight minutes."""
ORDINARY = {
    "COLLOQUY_REQUESTS_PER_MINUTE": "300",
    "COLLOQUY_MAX_SOCKETS_PER_TENANT": "100",
    "COLLOQUY_MAX_TURNS_PER_TENANT": "20",
    "COLLOQUY_MAX_TURNS": "600",
}
"""An installation's own limits; the attackers' are lifted, or nothing but limits would be seen."""
LIFTED = {"requests_per_minute": 100_000, "concurrent_turns": 500}
_results: list[Result] = []
_bystanders: list[Bystander] = []


class Bystander:
    """The turns of a tenant that asks all the time, in a process of its own."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def turns(self) -> list[Turn]:
        """All turns so far."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Turn(*json.loads(line)) for line in lines]


class Running:
    """The process that attacks, and what it has told so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self._told = process, threading.Condition()
        self._found: dict[str, Result] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def result(self, id: str) -> Result:
        """What came of an attack, when it has ended."""
        with self._told:
            self._told.wait_for(lambda: id in self._found or not self._reader.is_alive(), CAMPAIGN_S + 30)
            return self._found.get(id) or Result(id, "not made: those who attack have ended", 0.0, 0.0)

    def _read(self) -> None:
        assert self._process.stdout is not None, "it is a pipe"
        for line in self._process.stdout:
            result = Result(**json.loads(line))
            _results.append(result)
            with self._told:
                self._found[result.id] = result
                self._told.notify_all()


def pytest_configure() -> None:
    """A run that is ended from outside ends as one that is interrupted: it cleans up and shows what it has."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """Five tenants with documents; the neighbour's hold a canary."""
    with installed(5, DOCUMENTS, replicas=1, front=False, databases=1, hashed_embeddings=True, **ORDINARY) as ours:
        found = Ground.of(ours)
        _prepare(found)
        yield found


def _prepare(ground: Ground) -> None:
    for tenant in (ground.attacker, ground.neighbour, ground.reader, ground.bystander):
        headers = {"Authorization": f"Bearer {ground.token('admin', tenant=tenant)}"}
        httpx.put(f"{ground.ours.url}/v1/budget", json=LIFTED, headers=headers, timeout=30).raise_for_status()
    headers = {"Authorization": f"Bearer {ground.token('editor', tenant=ground.neighbour)}"}
    files = {"file": ("secret.md", f"# Secret\n\nThe word of the neighbour is {CANARY}.\n".encode())}
    httpx.post(f"{ground.ours.url}/v1/documents", files=files, headers=headers, timeout=30).raise_for_status()


@pytest.fixture(scope="session")
def bystander(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bystander]:
    """Watched for a while before anything happens, and until everything is over."""
    found = Bystander(tmp_path_factory.mktemp("bystander") / "turns.jsonl")
    url = ground.ours.url.replace("http", "ws", 1) + "/v1/chat"
    token = ground.token(tenant=ground.bystander, user="bystander")
    process = _started("tests.attack.bystander", url, token, str(found.file))
    _bystanders.append(found)
    try:
        deadline = time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            time.sleep(0.1)
        yield found
        assert process.poll() is None, "the bystander was thrown out"
    finally:
        _ended(process)


@pytest.fixture(scope="session")
def campaign(ground: Ground, bystander: Bystander, request: pytest.FixtureRequest) -> Iterator[Running]:
    """All attacks that are asked for, under way."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = [call.params["attack"].id for call in calls if call and "attack" in call.params]
    process = _started("tests.attack.campaign")
    ours = {"url": ground.ours.url, "data_dir": str(ground.ours.data_dir), "tenants": ground.ours.tenants}
    assert process.stdin is not None, "it is a pipe"
    process.stdin.write(json.dumps(ours | {"wanted": wanted, "within_s": CAMPAIGN_S}) + "\n")
    process.stdin.flush()
    try:
        yield Running(process)
    finally:
        _ended(process)


def _started(module: str, *arguments: str) -> subprocess.Popen[str]:
    """In a session of its own, so that neither weighs with the other; it ends with us, however we end."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one system call
    )


def _ended(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What came of the attacks, and what the bystander saw: also when the run was cut."""
    for bystander in _bystanders:
        for line in table(ATTACKS, _results, bystander.turns()):
            terminalreporter.write_line(line)
