"""Versions of the program side by side: a revision's files with an environment of their own, and their processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx

from api.cli.supervised_stack import is_ready
from application.clock import monotonic
from infra.local.child import ends_with_parent

ROOT = Path(__file__).parents[3]
LOCK = "infra/locks/all.txt"
JOBS = ("serve", "relay", "project", "ingest")
SETUP_S, COMMAND_S, READY_S, LEAVE_S = 400, 300, 240, 120
TOLD = 1_500


@dataclass(frozen=True)
class Version:
    """A version's files and the interpreter that finds them."""

    name: str
    home: Path
    python: Path

    def begin(self, environment: Mapping[str, str], *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
        """A command of its program. Isolated, as its own children are: they find the same files."""
        command = [str(self.python), "-I", "-m", "api.cli", *arguments]
        ends = ends_with_parent(signal.SIGTERM)  # whoever measures may be killed: nothing is left running
        return subprocess.Popen(command, cwd=self.home, env=environment, preexec_fn=ends, **how)  # noqa: PLW1509  # one system call

    def run(self, environment: Mapping[str, str], *arguments: str) -> str:
        """A command to its end, and what it said; RuntimeError when it fails."""
        began = self.begin(environment, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            said, failed = began.communicate(timeout=COMMAND_S)
        except subprocess.TimeoutExpired:
            began.kill()
            raise
        if began.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(arguments)} failed: {failed.decode().strip()[-800:]}")
        return said.decode()


THIS = Version("this", ROOT, Path(sys.executable))


@contextmanager
def checked_out(revision: str) -> Iterator[Version]:
    """The files of a revision of this repository for as long as a block runs, and an environment of its own for them:
    with the libraries that are here where its lock is the same, else installed from its lock."""
    short = _git("rev-parse", "--short", f"{revision}^{{commit}}").decode().strip()
    with tempfile.TemporaryDirectory(prefix="colloquy-version-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # its readers of files become nobody, and read them
        with tarfile.open(fileobj=BytesIO(_git("archive", short))) as files:
            files.extractall(home, filter="data")
        yield Version(short, home, _environment(home))


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is not here")
    return path


def _git(*arguments: str) -> bytes:
    done = subprocess.run([_program("git"), "-C", str(ROOT), *arguments], capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def _environment(home: Path) -> Path:
    """Where its interpreter is."""
    place = home / ".venv"
    if (home / LOCK).read_bytes() != (ROOT / LOCK).read_bytes():
        done = subprocess.run(
            [_program("make"), "setup", f"PYTHON={sys.executable}"], cwd=home, capture_output=True, text=True,
            timeout=SETUP_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"its environment could not be made: {done.stderr.strip()[-800:]}")
        return place / "bin" / "python"
    venv.create(place, with_pip=False, symlinks=True)
    libraries = next((place / "lib").glob("python*")) / "site-packages"
    # What a second folder's own `.pth` files name is not followed: this checkout is not among them.
    (libraries / "version.pth").write_text(f"{home}\n{sysconfig.get_path('purelib')}\n")
    for program in Path(sysconfig.get_path("scripts")).iterdir():
        if not (beside := place / "bin" / program.name).exists():
            beside.symlink_to(program)
    return place / "bin" / "python"


@dataclass
class Processes:
    """All processes of one version, with their logs in a folder."""

    version: Version
    environment: Mapping[str, str]
    url: str
    logs: Path
    jobs: Sequence[str] = JOBS
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Begin them and wait until they can answer."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Begin them. The kernel ends them with the thread that did: the main one, if they are to last."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for job in self.jobs:
            own = dict(self.environment) | {"COLLOQUY_HOST": "127.0.0.1", "COLLOQUY_PORT": self.url.rpartition(":")[2]}
            with (self.logs / f"{self.version.name}-{job}.log").open("ab") as log:
                self.running[job] = self.version.begin(own, job, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until they can answer."""
        deadline = monotonic() + READY_S
        while not is_ready(self.url):
            ended = [job for job, process in self.running.items() if process.poll() is not None]
            if ended or monotonic() > deadline:
                why = f"{', '.join(ended)} ended" if ended else f"it says {_said(f'{self.url}/health/ready')}"
                raise RuntimeError(f"{self.version.name} is not ready: {why}\n{self.told()}")
            time.sleep(0.1)

    def told(self) -> str:
        """The end of what each of them logged."""
        logs = {job: self.logs / f"{self.version.name}-{job}.log" for job in self.jobs}
        return "\n".join(f"{job}: {log.read_text()[-TOLD:]}" for job, log in logs.items() if log.exists())

    def stop(self) -> float:
        """Tell them to leave, those that answer first, and wait until they have; the seconds that the first took.
        RuntimeError when one did not leave, or not well."""
        began, left = monotonic(), 0.0
        for job in self.jobs:
            process = self.running.pop(job, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            code = process.wait(LEAVE_S)
            left = left or monotonic() - began
            if code:
                raise RuntimeError(f"{self.version.name}: {job} left with {code}\n{self.told()}")
        return left

    def kill(self) -> None:
        """End what still runs."""
        for process in self.running.values():
            process.kill()
            process.wait()
        self.running.clear()


def _said(url: str) -> str:
    try:
        return httpx.get(url, timeout=5).text
    except httpx.HTTPError as error:
        return repr(error)


def surroundings(data_dir: Path, found: Mapping[str, str]) -> dict[str, str]:
    """The environment of processes on an installation: none of ours that would lead them elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | dict(found) | {"COLLOQUY_DATA_DIR": str(data_dir)}
