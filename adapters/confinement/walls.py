"""What binds a process that reads hostile files: limits, a user of its own, no network, no files, few calls."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Collection
from typing import Any

from adapters.confinement.landlock import close_files
from adapters.confinement.seccomp import allow_few_calls

WALLS = ("network", "user", "privileges", "files", "limits", "calls", "audit")
"""In the order in which they are put up: each may need what the next one takes away."""
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWNET = 0x10000000, 0x08000000, 0x40000000
CAPABILITIES_V3 = 0x20080522
OWN_USERS = ((0x70000000, 1 << 22), (61_184, 4_000))
"""First user id and how many follow it: one for each process id, or where a container knows only sixteen bits of them,
those that systemd draws from too. Never `nobody`, who may own something."""
BANNED = (
    "socket.", "subprocess.", "ctypes.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove", "os.rename",
)  # fmt: skip
HARMLESS = frozenset(("ctypes.create_string_buffer", "ctypes.addressof"))
"""Memory of its own and where that is, which bindings of C libraries ask for; neither reads or calls anything there."""
WRITING = frozenset("wax+")


def confine(memory: int, *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Put up the walls, for the process's whole life, and an end with its parent's; those of `WALLS` that hold on this
    machine. `memory` in bytes; time is the caller's to limit (`resource.RLIMIT_CPU`). Whatever is to be imported or
    opened has been (`adapters.confinement.ahead`). Tests leave walls away, `without`."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    builders: dict[str, Callable[[], None]] = {
        "limits": lambda: _limit(memory),
        "network": lambda: _leave_network(libc),
        "user": lambda: _become_nobody_else(libc),
        "privileges": lambda: _call(libc, "prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        "files": lambda: close_files(libc),
        "calls": lambda: allow_few_calls(libc),
        "audit": lambda: sys.addaudithook(_forbid),
    }
    return tuple(wall for wall in WALLS if wall not in without and _holds(builders[wall]))


def _holds(build: Callable[[], None]) -> bool:
    try:
        build()
    except (OSError, ValueError, AttributeError):  # this machine does not have it, or does not let us
        return False
    return True


def _limit(memory: int) -> None:
    """Nothing new: no file, no process, no byte in a file."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _leave_network(libc: Any) -> None:
    """A network of its own in which there is nothing; who is not root needs a user namespace for it."""
    try:
        _call(libc, "unshare", CLONE_NEWNET | CLONE_NEWIPC)
    except PermissionError:
        _call(libc, "unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC)


def _become_nobody_else(libc: Any) -> None:
    """A user whom nothing belongs to and nobody else is, where we may choose; in any case one without capabilities,
    whose memory nobody may look at, and who does not outlive the parent (in this order: the first undoes the last)."""
    chose = os.geteuid() == 0
    if chose:
        os.setgroups([])
        for first, many in OWN_USERS:
            own = first + os.getpid() % many
            try:
                os.setresgid(own, own, own)
                os.setresuid(own, own, own)
                break
            except OSError:
                continue
    header = struct.pack("Ii", CAPABILITIES_V3, 0)
    _call(libc, "capset", header, bytes(24))
    _call(libc, "prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call(libc, "prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if not chose or os.geteuid() == 0:
        raise PermissionError("another user cannot be chosen")


def _call(libc: Any, name: str, *arguments: Any) -> None:
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), name)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """A last fence, before Python's own ways to do what no parser has reason to do."""
    writes = event == "open" and isinstance(arguments[1], str) and WRITING & set(arguments[1])
    if writes or (event.startswith(BANNED) and event not in HARMLESS):
        raise PermissionError(event)
