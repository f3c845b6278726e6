"""What looks for traces finds them in every spelling, and nothing else."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.traces import new_word, traces


def short_runs(word: str) -> bytes:
    """As PostgreSQL's own compression leaves what it cannot shorten."""
    return b"abc" + b"".join(b"\0" + word.encode()[n : n + 8] for n in range(3, 24, 8))


SPELLED: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda word: word.encode(),
    "in capitals": lambda word: word.upper().encode(),
    "utf-16": lambda word: word.encode("utf-16"),
    "utf-32": lambda word: word.encode("utf-32-le"),
    "hex": lambda word: word.encode().hex().encode(),
    "base64": lambda word: base64.b64encode(f"x{word}yz".encode()),
    "base64 further on": lambda word: base64.urlsafe_b64encode(f"xy{word}z".encode()),
    "base64 alone": lambda word: base64.b64encode(word.encode()),
    "json": lambda word: json.dumps({"a": f"é{word}"}).encode(),
    "escaped": lambda word: "".join(f"\\u{ord(c):04x}" for c in word).encode(),
    "percent": lambda word: "".join(f"%{ord(c):02X}" for c in word).encode(),
    "zlib": lambda word: zlib.compress(f"some words {word} and more, some words".encode() * 3),
    "gzip": lambda word: gzip.compress(word.encode()),
    "short runs": short_runs,
}


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("around", [0, 1, 4095])
def test_it_is_found_however_it_is_spelled(tmp_path: Path, spelling: str, around: int) -> None:
    word = new_word()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\xff" * around + SPELLED[spelling](word) + b"\xff" * around)
    assert traces(tmp_path, word)


def test_it_is_found_in_names(tmp_path: Path) -> None:
    word = new_word()
    (tmp_path / f"a-{word}.txt").touch()
    assert traces(tmp_path, word)


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    word, other = new_word(), new_word()
    (tmp_path / "empty").touch()
    (tmp_path / "half").write_bytes(word[:12].encode() + other.encode() + word[12:].encode())
    assert traces(tmp_path, word) == []
