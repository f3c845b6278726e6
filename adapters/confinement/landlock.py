"""Landlock (landlock(7)): from here on the process opens no file and no TCP connection, and signals nobody outside."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

CREATE_RULESET, RESTRICT_SELF = 444, 446
"""The same numbers on every machine."""
ASK_VERSION = 1
FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Rights to files, and the first version of the interface that knows so many."""
TCP_SINCE, SCOPES_SINCE = 4, 6
BIND_AND_CONNECT = ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def close_files(libc: Any) -> None:
    """Deny every right that this kernel knows, without an exception; OSError where it has no Landlock. Needs
    `no_new_privs`, or root."""
    version = _call(libc, CREATE_RULESET, None, 0, ASK_VERSION)
    rights = max(mask for since, mask in FILES.items() if since <= version)
    fields = [rights]
    if version >= TCP_SINCE:
        fields.append(BIND_AND_CONNECT)
    if version >= SCOPES_SINCE:
        fields.append(ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = _call(libc, CREATE_RULESET, attributes, len(attributes), 0)
    _call(libc, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _call(libc: Any, number: int, *arguments: Any) -> int:
    result: int = libc.syscall(ctypes.c_long(number), *(_argument(a) for a in arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "landlock")
    return result


def _argument(value: bytes | int | None) -> Any:
    return ctypes.c_long(value) if isinstance(value, int) else value
