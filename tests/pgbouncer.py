"""PgBouncer in front of a test's database, where Debian's package is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

import pytest

from infra.local.ports import held

BINARY = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
UP_S = 10.0
needs_pgbouncer = pytest.mark.skipif(BINARY is None, reason="PgBouncer is not installed (apt-get install pgbouncer)")


@contextmanager
def pgbouncer(
    home: Path, server_url: str, users: Mapping[str, str], mode: str, extra: str = "", port: int = 0
) -> Iterator[str]:
    """A pooler in `mode` for these users (name: password); the database's URL through it, as the user of
    `server_url`. `extra` goes into the line that names the database."""
    with held(port) as taken:
        yield from _started(home, urlsplit(server_url), users, mode, extra, taken)


def _started(
    home: Path, server: SplitResult, users: Mapping[str, str], mode: str, extra: str, port: int
) -> Iterator[str]:
    name = server.path.lstrip("/")
    (home / "users.txt").write_text("".join(f'"{user}" "{password}"\n' for user, password in users.items()))
    (home / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={server.hostname} port={server.port} dbname={name} {extra}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
        f"auth_file = {home}/users.txt\npool_mode = {mode}\ndefault_pool_size = 60\nmax_client_conn = 200\n"
        f"logfile = {home}/pgbouncer.log\n"
    )
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # it refuses to run as root
    if nobody:
        for path in (home, *home.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    assert BINARY is not None
    process = subprocess.Popen(
        [BINARY, "-q", str(home / "pgbouncer.ini")], user=nobody.pw_uid if nobody else None, cwd="/"
    )
    try:
        wait_for(port, process)
        login = server.netloc.rpartition("@")[0]
        yield urlunsplit(server._replace(netloc=f"{login}@127.0.0.1:{port}"))
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens."""
    deadline = time.monotonic() + UP_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
