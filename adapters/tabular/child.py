"""The process that reads one hostile table: little memory, little time, no network, no files to write, no children."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from adapters.charsets.guessing import load_models
from adapters.confinement.ahead import import_all, take_stdout
from adapters.confinement.walls import confine
from adapters.tabular.csv_table import read_csv
from adapters.tabular.kinds import table_kind
from adapters.tabular.parquet_table import read_parquet
from adapters.tabular.wire import Batch, Header, TableRefused, frame
from application.ports.tools.tables import Row
from domain.refusals import DocumentRefused, UnsupportedMediaType

PARSERS = ("arro3", "chardet", "webencodings")
BATCH = 1_000
BATCH_CHARACTERS = 250_000
"""A message to the parent is some 1 MB at most, but for one long row."""
LONGEST_ROW = 1_000_000
MOST_ROWS = 5_000_000
MOST_CHARACTERS = 500_000_000
"""Of a whole table: a few bytes of Parquet can stand for very many."""


def main() -> None:
    """Read the file that standard input is. Arguments: the extension of its name, memory in bytes, seconds of processor
    time."""
    extension, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    replies = take_stdout()
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    import_all(PARSERS)
    load_models()
    confine(memory)
    try:
        _read(extension, sys.stdin.buffer, replies)
    except DocumentRefused as refused:
        replies.write(frame(TableRefused(refused.reason, refused.detail)))
    except UnsupportedMediaType as unsupported:
        replies.write(frame(TableRefused("", unsupported.detail)))
    except MemoryError:
        replies.write(frame(TableRefused("unreadable", "Reading the file takes more memory than is allowed.")))
    except BrokenPipeError:
        return  # the parent has left
    except BaseException as error:  # a library that panics raises no Exception; it is the file that is at fault
        replies.write(frame(TableRefused("unreadable", f"The file is damaged ({type(error).__name__}).")))
    replies.flush()


def _read(extension: str, body: BinaryIO, replies: BinaryIO) -> None:
    body.seek(0)
    columns, rows = (read_csv if table_kind(extension, body) == "csv" else read_parquet)(body)
    replies.write(frame(Header(tuple(columns))))
    for batch in batches(rows):
        replies.write(frame(Batch(batch)))
    replies.write(frame(Batch([])))


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches of bounded number and size. DocumentRefused when a row, or all of them, are too much."""
    batch: list[Row] = []
    in_batch = in_all = 0
    for number, row in enumerate(rows, 1):
        size = sum(len(value) for value in row if value)
        in_all += size
        if size > LONGEST_ROW:
            raise DocumentRefused("unreadable", f"Row {number}: at most {LONGEST_ROW} characters.")
        if number > MOST_ROWS or in_all > MOST_CHARACTERS:
            raise DocumentRefused(
                "unreadable", f"Row {number}: at most {MOST_ROWS} rows, and {MOST_CHARACTERS} characters in all."
            )
        if batch and (len(batch) == BATCH or in_batch + size > BATCH_CHARACTERS):
            yield batch
            batch, in_batch = [], 0
        batch.append(row)
        in_batch += size
    if batch:
        yield batch


if __name__ == "__main__":
    main()
