"""What binds a process that reads hostile files: little memory, no network, no files to write, no children."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any, BinaryIO

PR_SET_PDEATHSIG = 1
BANNED = (
    "socket.", "subprocess.", "ctypes.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove", "os.rename",
)  # fmt: skip
WRITING = frozenset("wax+")


def take_stdout() -> BinaryIO:
    """Standard output, from now on for replies alone: a library that prints must not garble them."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return replies


def confine(memory: int) -> None:
    """Limits that hold for the process's whole life (`memory` in bytes), and an end with its parent's. Time is the
    caller's to limit: `resource.RLIMIT_CPU`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """A second fence behind the parsers, none of which has reason to do any of this."""
    writes = event == "open" and isinstance(arguments[1], str) and WRITING & set(arguments[1])
    if writes or event.startswith(BANNED):
        raise PermissionError(event)
