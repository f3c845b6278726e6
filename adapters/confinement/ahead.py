"""What a confined process must have done before: its modules imported, its descriptors in order."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

LATER = ("_strptime", "stringprep", "unicodedata", "linecache", "traceback")
"""Modules of the standard library that it imports when they are first needed."""


def import_all(packages: Iterable[str]) -> None:
    """Import what would otherwise be imported when a file asks for it: every encoding, and all of these packages."""
    for name in (*LATER, *_modules("encodings"), *(name for package in packages for name in _modules(package))):
        with suppress(ImportError):  # of another system, or for a library that is not installed
            importlib.import_module(name)


def _modules(package: str) -> Iterator[str]:
    found = importlib.import_module(package)
    yield package
    inside = getattr(found, "__path__", ())  # nothing in a module that is no package
    for module in pkgutil.walk_packages(inside, f"{package}.", onerror=lambda _: None):
        if not module.name.endswith("__main__"):
            yield module.name


def take_stdout() -> BinaryIO:
    """Standard output, from now on for replies alone: a library that prints must garble neither them nor the log, and a
    panic must not tell the log what is in the file."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return replies
