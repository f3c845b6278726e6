"""Which tests go to which of several processes: those of one installation to one, and what takes longest first."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]
SHARED = ("tests/browser", "tests/journeys")
"""Folders whose tests share an installation, which takes long to start: the fixture `ours` of their `conftest.py`."""
STARTS_ONE = re.compile(r"\binstalled\(|\bcolloquy_up\(")


@cache
def installation_of(file: str) -> str:
    """The folder whose installation the tests of a file share, or the file itself where it starts one; else nothing."""
    text = (ROOT / file).read_text()
    if STARTS_ONE.search(text):
        return file
    return next((folder for folder in SHARED if file.startswith(f"{folder}/") and re.search(r"\bours\b", text)), "")


def place(item: pytest.Item) -> int:
    """What takes longest begins first; the many quick ones fill what is left at the end."""
    file = item.nodeid.split("::", 1)[0]
    if owner := installation_of(file):
        return SHARED.index(owner) if owner in SHARED else len(SHARED)
    return len(SHARED) + (1 if item.get_closest_marker("real") else 2)


class ByInstallation(LoadFileScheduling):  # type: ignore[misc]  # xdist says no types
    """Tests of one file stay together, and so do all tests of one installation, in the order of `place`."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return installation_of(file) or file
