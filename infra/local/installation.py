"""A data directory: the lock that gives it one owner, the logs, and what a killed owner left running."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from infra.local.child import start_time

STARTING, READY, STOPPING = "starting", "running", "stopping"
PATIENCE_S = 15.0
SWEEP_S = 5.0
LOG_BYTES = 16 << 20
LOG_TAIL = 1_000


class AlreadyRunningError(RuntimeError):
    """Somebody else owns this data directory."""


class Installation:
    """One data directory, private to its owner."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir.resolve()
        self.run, self.logs = self.path / "run", self.path / "log"
        self._lock: IO[str] | None = None

    def create(self) -> None:
        """Make the folders. Root lets others pass through, not look: PostgreSQL runs as somebody else there."""
        if not self.path.exists():
            self.path.mkdir(parents=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.run, self.logs):
            folder.mkdir(exist_ok=True, mode=0o700)

    def acquire(self) -> None:
        """Become the owner: wait for one that is stopping; AlreadyRunningError at once for one that is not."""
        lock = (self.path / "lock").open("a+")
        deadline = time.monotonic() + PATIENCE_S
        while not _locked(lock, fcntl.LOCK_EX):
            owner = self._owner()
            if owner.get("phase") != STOPPING or time.monotonic() > deadline:
                lock.close()
                raise AlreadyRunningError(self._plainly(owner))
            time.sleep(0.05)
        self._lock = lock
        self.enter(STARTING)

    def enter(self, phase: str) -> None:
        """Write down for whoever comes second what the owner is doing."""
        assert self._lock is not None, "only the owner enters a phase"
        self._lock.truncate(0)
        self._lock.write(json.dumps({"phase": phase, "pid": os.getppid()}))
        self._lock.flush()

    def is_owned(self) -> bool:
        """Whether an owner lives: the kernel lets go of the lock of a dead one."""
        try:
            lock = (self.path / "lock").open("r")
        except OSError:
            return False
        with lock:
            return not _locked(lock, fcntl.LOCK_SH)

    def _owner(self) -> dict[str, Any]:
        try:
            owner: dict[str, Any] = json.loads((self.path / "lock").read_text())
        except (OSError, ValueError):  # caught in the middle of a write
            return {}
        return owner

    def _plainly(self, owner: Mapping[str, Any]) -> str:
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = json.loads((self.run / "installation.json").read_text())["url"]
            return f"Colloquy is already running on {self.path}, in process {owner.get('pid')}, at {url}"
        return f"Colloquy is already {owner.get('phase', STARTING)} on {self.path}, in process {owner.get('pid')}"

    # Logs

    def log(self, name: str) -> Path:
        """Where a child writes; a file that has grown large is put aside first, so that two are kept at most."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def log_tail(self, name: str) -> str:
        """The end of a child's log."""
        try:
            return (self.logs / f"{name}.log").read_bytes()[-LOG_TAIL:].decode(errors="replace").strip()
        except OSError:
            return ""

    # Children, for the case that their owner is killed where the kernel does not tell them

    def note_children(self, children: Mapping[str, tuple[int, signal.Signals]]) -> None:
        """Write down the pid and stop signal of each child."""
        noted = {name: (pid, start_time(pid), int(stop)) for name, (pid, stop) in children.items()}
        draft = self.run / "pids.new"
        draft.write_text(json.dumps(noted))
        draft.replace(self.run / "pids.json")

    def sweep(self) -> None:
        """End what a killed owner left running: gently first, then by force, with all that it had started."""
        try:
            noted = json.loads((self.run / "pids.json").read_text())
        except (OSError, ValueError):
            return
        alive = [(pid, began, stop) for pid, began, stop in noted.values() if began and start_time(pid) == began]
        for pid, _, stop in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop)
        deadline = time.monotonic() + SWEEP_S
        while time.monotonic() < deadline and any(start_time(pid) == began for pid, began, _ in alive):
            time.sleep(0.02)
        for pid, began, _ in noted.values():
            if start_time(pid) in (None, began):  # else the number names a stranger by now
                kill_group(pid)


@contextlib.contextmanager
def throwaway_data_dir() -> Iterator[Path]:
    """A data directory for as long as a block runs, which PostgreSQL reaches also where it runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="colloquy-") as home:
        Path(home).chmod(0o711)
        yield Path(home) / "data"


def kill_group(leader: int) -> None:
    """End by force a child and whatever it has started; nothing happens when there is nobody left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
