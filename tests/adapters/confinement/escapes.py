"""A program that puts up the walls and then tries to get out, by system calls of its own: what came of each attempt.

Arguments: the walls to leave away, the parent's process id, a TCP port, a Unix socket's path, a secret file, a folder.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from adapters.confinement.walls import confine

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
PTRACE_ATTACH, AF_UNIX, AF_INET, STREAM, DATAGRAM = 16, 1, 2, 1, 2
X86 = os.uname().machine == "x86_64"
NUMBERS = {
    "process_vm_readv": (310, 270), "keyctl": (250, 219), "bpf": (321, 280), "io_uring_setup": (425, 425),
    "perf_event_open": (298, 241), "memfd_create": (319, 279), "pidfd_open": (434, 434), "clone": (56, 220),
    "execve": (59, 221), "kill": (62, 129), "unshare": (272, 97), "mount": (165, 40), "setns": (308, 268),
    "prctl": (157, 167),
}  # fmt: skip


def call(name: str, *arguments: Any) -> None:
    """A system call by its number, past every library."""
    number = NUMBERS[name][0 if X86 else 1]
    result = checked(
        libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    )
    if name == "clone" and not result:
        os._exit(0)


def checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def opened(path: str, flags: int = os.O_RDONLY) -> None:
    """Open and read, or create and write."""
    file = checked(libc.open(path.encode(), flags, 0o600))
    buffer = ctypes.create_string_buffer(16)
    checked(libc.write(file, b"x", 1) if flags & os.O_WRONLY else libc.read(file, buffer, 16))


def connected(family: int, kind: int, address: bytes) -> None:
    end = checked(libc.socket(family, kind, 0))
    checked(libc.connect(end, address, len(address)))


def forked() -> None:
    child = checked(libc.fork())
    if not child:
        os._exit(0)


def executed(path: str) -> None:
    arguments = (ctypes.c_char_p * 2)(path.encode(), None)
    call("execve", path.encode(), arguments, None)


def executable_memory() -> None:
    page = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC, 0x22, -1, 0)
    if page == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


def attempts(parent: int, port: int, path: str, secret: str, folder: str) -> dict[str, Callable[[], None]]:
    loopback = struct.pack("=HH4s8x", AF_INET, socket.htons(port), bytes((127, 0, 0, 1)))
    word = ctypes.create_string_buffer(8)
    local = (ctypes.c_ulong * 2)(ctypes.addressof(word), 8)
    remote = (ctypes.c_ulong * 2)(id(os), 8)
    return {
        "read the keys": lambda: opened(secret),
        "read any file": lambda: opened("/etc/passwd"),
        "read the parent's environment": lambda: opened(f"/proc/{parent}/environ"),
        "read the parent's memory by file": lambda: opened(f"/proc/{parent}/mem"),
        "read the parent's memory by call": lambda: call("process_vm_readv", parent, local, 1, remote, 1, 0),
        "read its own memory map": lambda: opened("/proc/self/maps"),
        "trace the parent": lambda: void(libc.ptrace(PTRACE_ATTACH, parent, None, None)),
        "signal the parent": lambda: call("kill", parent, 0),
        "signal everybody": lambda: call("kill", -1, 0),
        "connect to the API": lambda: connected(AF_INET, STREAM, loopback),
        "send a datagram": lambda: connected(AF_INET, DATAGRAM, loopback),
        "connect to a socket file": lambda: connected(AF_UNIX, STREAM, struct.pack("=H", AF_UNIX) + path.encode()),
        "connect to an abstract socket": lambda: connected(
            AF_UNIX, STREAM, struct.pack("=H", AF_UNIX) + b"\0" + path.encode()
        ),
        "write a file": lambda: opened(f"{folder}/written", os.O_WRONLY | os.O_CREAT),
        "write in /dev/shm": lambda: opened("/dev/shm/written-by-a-parser", os.O_WRONLY | os.O_CREAT),
        "remove a file": lambda: void(libc.unlink(f"{folder}/there".encode())),
        "make a folder": lambda: void(libc.mkdir(f"{folder}/made".encode(), 0o700)),
        "fork": forked,
        "clone": lambda: call("clone", 17, 0, 0, 0, 0),
        "start a program": lambda: executed("/bin/true"),
        "become root": lambda: void(libc.setuid(0)),
        "leave its namespaces": lambda: call("unshare", 0x10000000),
        "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "load a kernel program": lambda: call("bpf", 0, ctypes.create_string_buffer(128), 128),
        "use the kernel's keys": lambda: call("keyctl", 0, -3, 1),
        "use rings": lambda: call("io_uring_setup", 1, ctypes.create_string_buffer(256)),
        "watch the machine": lambda: call("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0),
        "keep a file in memory": lambda: call("memfd_create", b"x", 0),
        "hold the parent": lambda: call("pidfd_open", parent, 0),
        "run code that was read": executable_memory,
        "raise its limits": lambda: void(libc.setrlimit(7, struct.pack("QQ", 64, 64))),
        "outlive its parent": lambda: call("prctl", 1, 0, 0, 0, 0),
    }


def void(result: int) -> None:
    checked(result)


def main() -> None:
    """Try all, and say `{attempt: what came of it}`: an error's name, or nothing where it went through."""
    without, parent, port, path, secret, folder = sys.argv[1:]
    tried = attempts(int(parent), int(port), path, secret, folder)
    walls = confine(1 << 30, without=without.split(","))
    outcome: dict[str, str] = {}
    for name, attempt in tried.items():
        if name == "start a program" and not outcome["fork"]:
            continue  # it would not come back to tell
        try:
            attempt()
        except (OSError, PermissionError) as error:
            outcome[name] = str(error)
        else:
            outcome[name] = ""
    sys.stdout.write(json.dumps({"walls": walls, "outcome": outcome}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
