"""Large files are sealed and opened piece by piece, and no piece can be moved, changed, left out or cut off."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.eventstore.sealed_files import MARK, PIECE, PREFIX, TAG, SealingReader, unseal_file

CIPHER = AESGCM(AESGCM.generate_key(256))
HEAD = len(MARK) + PREFIX


def sealed(plain: bytes, bound_to: bytes = b"x") -> bytes:
    return SealingReader(CIPHER, io.BytesIO(plain), bound_to).read()


def opened(body: bytes, bound_to: bytes = b"x") -> bytes:
    into = io.BytesIO()
    unseal_file(CIPHER, io.BytesIO(body), into, bound_to)
    return into.read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 1_000_003])
def test_what_was_sealed_is_opened(size: int) -> None:
    plain = os.urandom(size)
    reader = SealingReader(CIPHER, io.BytesIO(plain), b"x")
    body = reader.read()
    assert len(body) == reader.size == reader.seek(0, io.SEEK_END)
    assert opened(body) == plain and (size < 16 or plain not in body)
    reader.seek(0)
    assert b"".join(iter(lambda: reader.read(10_007), b"")) == body


def test_what_was_sealed_whole_is_opened_too() -> None:
    nonce = os.urandom(12)
    assert opened(nonce + CIPHER.encrypt(nonce, b"as it was before", b"x")) == b"as it was before"


def pieces(body: bytes) -> list[bytes]:
    return [body[at : at + PIECE + TAG] for at in range(HEAD, len(body), PIECE + TAG)]


def test_nothing_of_it_can_be_changed() -> None:
    body = sealed(os.urandom(2 * PIECE + 100))
    head, [a, b, c] = body[:HEAD], pieces(body)
    changed = {
        "moved": head + b + a + c,
        "left out": head + a + c,
        "repeated": head + a + a + b + c,
        "cut between pieces": head + a + b,
        "cut in a piece": body[:-1],
        "nothing left": head,
        "half a head": body[: HEAD - 1],
        "longer": body + b"\0",
        "flipped": head + a + bytes([b[0] ^ 1]) + b[1:] + c,
        "another prefix": MARK + os.urandom(PREFIX) + a + b + c,
        "no mark": body[len(MARK) :],
    }
    for how, forged in changed.items():
        with pytest.raises((InvalidTag, ValueError)):
            opened(forged)
            pytest.fail(how)
    with pytest.raises(InvalidTag):
        opened(body, b"y")


def test_neither_way_holds_the_file_in_memory() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        size = 40 * 1024 * 1024
        plain = _Zeros(size)
        tracemalloc.start()
        try:
            reader = SealingReader(CIPHER, plain, b"x")  # type: ignore[arg-type]
            unseal_file(CIPHER, reader, nowhere, b"x")  # type: ignore[arg-type]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


class _Zeros(io.RawIOBase):
    """A large file that takes no room."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = self._size if whence == io.SEEK_END else offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._size - self._at)
        buffer[:size] = bytes(size)
        self._at += size
        return size
