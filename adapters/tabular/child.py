"""The process that reads one hostile table: little memory, little time, no network, no files to write, no children."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from itertools import islice
from typing import Any

from adapters.tabular.csv_table import read_csv
from adapters.tabular.parquet_table import read_parquet
from adapters.tabular.wire import Batch, Header, Refused, frame
from domain.refusals import DocumentRefused

PR_SET_PDEATHSIG = 1
BATCH = 1_000
BANNED = (
    "socket.", "subprocess.", "ctypes.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove", "os.rename",
)  # fmt: skip
WRITING = frozenset("wax+")


def main() -> None:
    """Read standard input. Arguments: `csv` or `parquet`, memory in bytes, seconds of processor time."""
    kind, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints must not garble the replies
    os.dup2(1, 2)  # nor may a panic tell the log what is in the file
    _confine(memory, seconds)
    try:
        columns, rows = (read_csv if kind == "csv" else read_parquet)(sys.stdin.buffer.read())
        replies.write(frame(Header(tuple(columns))))
        while batch := list(islice(rows, BATCH)):
            replies.write(frame(Batch(batch)))
        replies.write(frame(Batch([])))
    except DocumentRefused as refused:
        replies.write(frame(Refused(refused.reason, refused.detail)))
    except MemoryError:
        replies.write(frame(Refused("unreadable", "Reading the file takes more memory than is allowed.")))
    except BrokenPipeError:
        return  # the parent has left
    except BaseException as error:  # a library that panics raises no Exception; it is the file that is at fault
        replies.write(frame(Refused("unreadable", f"The file is damaged ({type(error).__name__}).")))
    replies.flush()


def _confine(memory: int, seconds: int) -> None:
    """Limits that hold for the process's whole life, and an end with its parent's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """A second fence behind the parsers, none of which has reason to do any of this."""
    writes = event == "open" and isinstance(arguments[1], str) and WRITING & set(arguments[1])
    if writes or event.startswith(BANNED):
        raise PermissionError(event)


if __name__ == "__main__":
    main()
