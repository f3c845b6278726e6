"""A child process that cannot outlive its parent: on Linux the kernel signals it when the parent is gone."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

PR_SET_PDEATHSIG = 1


class Recipe(msgspec.Struct, kw_only=True):
    """How to run a part: its command, its surroundings, the signal that stops it cleanly, who it runs as.

    `orphaned` is the signal that it gets when its parent is killed (the clean one unless something else is said).
    """

    name: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals | None = None
    uid: int | None = None
    gid: int | None = None
    fds: Sequence[int] = ()
    grace_s: float = 8.0


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, or of a library, as it is installed: in isolated mode the folder it is
    started in and what the environment names are no places to import from
    (https://docs.python.org/3/using/cmdline.html#cmdoption-I)."""
    return [sys.executable, "-I", "-m", module, *arguments]


def start_time(pid: int) -> str | None:
    """When a live process began, as the kernel counts: with the pid it names one process for good. None for one that is
    gone or a zombie, and where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def ends_with_parent(death: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when its parent, of whatever death, is gone."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def bind() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(death))
            if os.getppid() != parent:  # the parent died between fork and here
                os._exit(111)

    return bind


async def spawn(recipe: Recipe, log: Path) -> Process:
    """Start it in a session of its own, so that Ctrl-C in a terminal reaches only the parent, which stops all in order.
    Call it from the main thread's loop: the kernel's signal is tied to the thread that forks."""
    with log.open("ab", buffering=0) as output:
        return await asyncio.create_subprocess_exec(
            *recipe.argv,
            cwd=recipe.cwd,
            env=dict(recipe.env),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=tuple(recipe.fds),
            preexec_fn=ends_with_parent(recipe.orphaned or recipe.stop),
            user=recipe.uid,
            group=recipe.gid,
            extra_groups=[] if recipe.uid is not None else None,
        )
