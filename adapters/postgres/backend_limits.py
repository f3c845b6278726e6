"""Limits on one PostgreSQL backend, where it runs on this machine and as a user that we may act for.

PostgreSQL has a setting for each sort and none for the whole: what its planner takes has no bound of its own. A limit
of the operating system (RLIMIT_DATA: private memory, not the shared buffers) turns more than that into "out of memory"
of the one statement. A lower priority leaves the processor to others' questions."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import subprocess
from pathlib import Path
from subprocess import DEVNULL

import structlog
from psycopg import AsyncConnection

MEMORY_BYTES = 56 * 1024 * 1024
"""An idle backend has 12 million of these."""
NICE = 10
CHILD_S = 5.0
log = structlog.get_logger(__name__)


async def limit_backend(connection: AsyncConnection[tuple[object, ...]], pid: int, most: int = MEMORY_BYTES) -> bool:
    """Whether the backend `pid`, which serves this connection, now has at most so many bytes of its own. It has not
    where it runs elsewhere, behind a pooler, or as a user that this process may not act for."""
    owner = _owner(pid, _own_port(connection))
    if owner is None:
        return False
    await _set_priority(pid, *owner)
    if not await _set_memory(pid, most, *owner):
        log.warning("backend_memory_unlimited", pid=pid)
        return False
    return True


def _owner(pid: int, port: int) -> tuple[int, int] | None:
    """The user and the group of the backend; its title names the client's port, so no other process is taken for it."""
    process = Path(f"/proc/{pid}")
    try:
        found = process.stat()
        title = (process / "cmdline").read_text(errors="replace")
    except OSError:
        return None
    return (found.st_uid, found.st_gid) if f"({port})" in title else None


def _own_port(connection: AsyncConnection[tuple[object, ...]]) -> int:
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        address = ours.getsockname()
    return int(address[1]) if isinstance(address, tuple) else -1


async def _set_memory(pid: int, most: int, uid: int, gid: int) -> bool:
    """A process may limit those of its own user. Root needs a capability for others', which a container does not have:
    it lets prlimit(1) do it as that user."""
    try:
        resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
    except PermissionError:
        return await _as_user(uid, gid, "prlimit", "--pid", str(pid), f"--data={most}:{most}")
    except ProcessLookupError:
        return False
    return True


async def _set_priority(pid: int, uid: int, gid: int) -> bool:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    except PermissionError:
        return await _as_user(uid, gid, "renice", "-n", str(NICE), "-p", str(pid))
    except ProcessLookupError:
        return False
    return True


async def _as_user(uid: int, gid: int, program: str, *arguments: str) -> bool:
    path = shutil.which(program)
    return path is not None and os.geteuid() == 0 and await asyncio.to_thread(_run, uid, gid, path, *arguments)


def _run(uid: int, gid: int, *command: str) -> bool:
    try:
        done = subprocess.run(
            command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={}, cwd="/", user=uid, group=gid,
            extra_groups=[], timeout=CHILD_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
