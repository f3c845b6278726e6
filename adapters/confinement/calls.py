"""The system calls that reading what was given, and answering, needs: their numbers on x86_64 and aarch64."""

from __future__ import annotations

# (x86_64: asm/unistd_64.h, aarch64: asm-generic/unistd.h); None where a machine has no such call.
HARMLESS: dict[str, tuple[int | None, int | None]] = {
    # what is open already
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "pread64": (17, 67),
    "readv": (19, 65), "writev": (20, 66), "poll": (7, None), "ppoll": (271, 73),
    # memory
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    # time and chance
    "nanosleep": (35, 101), "gettimeofday": (96, 169), "time": (201, None), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "getrandom": (318, 278),
    # itself
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "futex": (202, 98), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "set_robust_list": (273, 99), "rseq": (334, 293), "membarrier": (324, 283), "getpid": (39, 172),
    "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getrlimit": (97, 163), "getrusage": (98, 165), "sysinfo": (99, 179), "times": (100, 153),
    "uname": (63, 160), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
NOT_EXECUTABLE: dict[str, tuple[int | None, int | None]] = {"mmap": (9, 222), "mprotect": (10, 226)}
"""Let through unless the memory would be executable."""
FOR_ITSELF: dict[str, tuple[int, int]] = {"prlimit64": (302, 261), "tgkill": (234, 131)}
"""Let through where their first argument names this process."""
