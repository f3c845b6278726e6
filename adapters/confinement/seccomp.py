"""Seccomp (seccomp(2)): the few system calls that reading from memory needs are let through, all others are refused."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters.confinement.calls import FOR_ITSELF, HARMLESS, NOT_EXECUTABLE

SECCOMP_SET_MODE_FILTER, TO_ALL_THREADS = 1, 1
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EPERM
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16
"""Where they stand in `struct seccomp_data`; an argument is 8 bytes, the lower half first."""
PROT_EXEC = 4


class Machine(NamedTuple):
    """One that we know the numbers of: its place in the table, what the kernel calls it, and `seccomp`'s own number."""

    column: int
    audit: int
    seccomp: int


MACHINES = {"x86_64": Machine(0, 0xC000003E, 317), "aarch64": Machine(1, 0xC00000B7, 277)}


def allow_few_calls(libc: Any) -> None:
    """Refuse all other calls, in every thread, with EPERM. OSError where the kernel has no seccomp, ValueError on a
    machine whose numbers we do not know. Needs `no_new_privs`, or root."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise ValueError(f"the system calls of {platform.machine()} are not known here")
    program = b"".join(instructions(machine, os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    pointer = struct.pack("HxxxxxxP", count, ctypes.addressof(code))
    result = libc.syscall(
        ctypes.c_long(machine.seccomp), ctypes.c_long(SECCOMP_SET_MODE_FILTER), ctypes.c_long(TO_ALL_THREADS), pointer
    )
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "seccomp")


def instructions(machine: Machine, own_pid: int) -> Iterator[bytes]:
    """The filter in classic BPF. Calls of another machine's numbering (32 bit on 64) end the process."""
    yield _step(LOAD, MACHINE)
    yield _step(EQUAL, machine.audit, 1, 0)
    yield _step(RETURN, KILL)
    yield _step(LOAD, NUMBER)
    for number in _numbers(HARMLESS, machine):
        yield _step(EQUAL, number, 0, 1)
        yield _step(RETURN, ALLOW)
    for number in _numbers(NOT_EXECUTABLE, machine):
        yield from _when(number, 2, _step(ANY_BIT, PROT_EXEC, 0, 1))
    for name, pid in (("prlimit64", 0), ("tgkill", own_pid)):
        yield from _when(FOR_ITSELF[name][machine.column], 0, _step(EQUAL, pid, 1, 0))
    yield _step(RETURN, REFUSE)


def _when(number: int, argument: int, decides: bytes) -> Iterator[bytes]:
    """A call that hangs on an argument: `decides` goes to the refusal behind it, or to what lets the call through."""
    yield _step(EQUAL, number, 0, 4)
    yield _step(LOAD, ARGUMENTS + 8 * argument)
    yield decides
    yield _step(RETURN, REFUSE)
    yield _step(RETURN, ALLOW)


def _numbers(calls: dict[str, tuple[int | None, int | None]], machine: Machine) -> Iterator[int]:
    return (number for numbers in calls.values() if (number := numbers[machine.column]) is not None)


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_so, if_not, value)
