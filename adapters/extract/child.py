"""The process that reads hostile files: little memory, little time, no network, no files to write, no children."""

from __future__ import annotations

import resource
import sys
from typing import BinaryIO

import msgspec

from adapters.charsets.guessing import load_models
from adapters.confinement.ahead import import_all, take_stdout
from adapters.confinement.walls import confine
from adapters.extract.kinds import sniff, tell
from adapters.extract.reading import read
from adapters.extract.wire import LENGTH_BYTES, Answer, Kind, Read, ReadingRefused, Task, frame
from domain.refusals import DocumentRefused, UnsupportedMediaType

PARSERS = ("pypdf", "pypdfium2", "chardet", "lxml.etree", "webencodings", "email", "selectolax", "msgspec")


def main() -> None:
    """Serve tasks from standard input until it ends. Arguments: memory in bytes, seconds a file, pages a PDF."""
    memory, seconds, max_pages = (int(argument) for argument in sys.argv[1:4])
    requests, replies = sys.stdin.buffer, take_stdout()
    import_all(PARSERS)
    load_models()
    confine(memory)
    while (length := requests.read(LENGTH_BYTES)) and len(length) == LENGTH_BYTES:
        _limit_time(seconds)
        replies.write(_answer(requests, int.from_bytes(length, "big"), max_pages))
        replies.flush()


def _answer(requests: BinaryIO, length: int, max_pages: int) -> bytes:
    task = msgspec.msgpack.decode(requests.read(length), type=Task)
    try:
        return frame(_done(task, requests.read(task.size), max_pages))
    except DocumentRefused as refused:
        return frame(ReadingRefused(refused.reason, refused.detail))
    except UnsupportedMediaType as unsupported:
        return frame(ReadingRefused("", unsupported.detail))
    except MemoryError:
        return frame(ReadingRefused("unreadable", "Reading the document takes more memory than is allowed."))
    except Exception as error:  # whatever a library does with a broken file, it is the file that is at fault
        return frame(ReadingRefused("unreadable", f"The document is damaged ({type(error).__name__})."))


def _done(task: Task, body: bytes, max_pages: int) -> Answer:
    if task.do != "read":
        return Kind((sniff if task.do == "sniff" else tell)(task.of, body, whole=task.whole))
    return Read(read(task.of, body, max_pages))


def _limit_time(seconds: int) -> None:
    """Processor time for the next file; the kernel kills who takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    main()
