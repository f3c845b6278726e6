"""The process that reads one hostile table: little memory, little time, no network, no files to write, no children."""

from __future__ import annotations

import os
import resource
import sys
from itertools import islice

from adapters.confinement import confine, take_stdout
from adapters.tabular.csv_table import read_csv
from adapters.tabular.parquet_table import read_parquet
from adapters.tabular.wire import Batch, Header, Refused, frame
from domain.refusals import DocumentRefused

BATCH = 1_000


def main() -> None:
    """Read standard input. Arguments: `csv` or `parquet`, memory in bytes, seconds of processor time."""
    kind, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    replies = take_stdout()
    os.dup2(1, 2)  # nor may a panic tell the log what is in the file
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    confine(memory)
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


if __name__ == "__main__":
    main()
