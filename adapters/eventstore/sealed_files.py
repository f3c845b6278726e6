"""Large files sealed piece by piece, so that neither sealing nor opening holds a whole one in memory.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance"): each piece is AES-256-GCM under a nonce of a random prefix, the piece's number, and whether it is
the last one, so that pieces cannot be moved, left out, repeated or cut off at the end.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"colloquy sealed file 1\n"
"""How such a file begins; one that was sealed whole begins with a random nonce."""
PIECE = 256 * 1024
TAG = 16
PREFIX = 7
NONCE = 12


class SealingReader(io.RawIOBase):
    """`plain` as it is when it is sealed; made while it is read, and again when it is wound back."""

    def __init__(self, cipher: AESGCM, plain: BinaryIO, bound_to: bytes) -> None:
        self._cipher, self._plain, self._bound_to = cipher, plain, bound_to
        self._prefix = os.urandom(PREFIX)
        self._plain_size = plain.seek(0, io.SEEK_END)
        self._pieces = max(1, -(-self._plain_size // PIECE))
        self.size = len(MARK) + PREFIX + self._plain_size + self._pieces * TAG
        self.seek(0)

    def seekable(self) -> bool:
        """Its beginning and its end can be gone to."""
        return True

    def readable(self) -> bool:
        """It can."""
        return True

    def tell(self) -> int:
        """Bytes from the beginning."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To the beginning, to read it again, or to the end, to know its length; nowhere else."""
        if (offset, whence) == (0, io.SEEK_END):
            self._at = self.size
        elif (offset, whence) == (0, io.SEEK_SET):
            self._at, self._piece, self._ready = 0, 0, memoryview(MARK + self._prefix)
        else:
            raise io.UnsupportedOperation("a file is sealed from its beginning to its end")
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # io's own stub asks for any buffer
        """The next bytes."""
        if self._at == self.size:
            return 0
        if not self._ready:
            self._ready = memoryview(self._next_piece())
        given = self._ready[: len(buffer)]
        buffer[: len(given)] = given
        self._ready = self._ready[len(given) :]
        self._at += len(given)
        return len(given)

    def _next_piece(self) -> bytes:
        number, self._piece = self._piece, self._piece + 1
        last = self._piece == self._pieces
        self._plain.seek(number * PIECE)
        piece = self._plain.read(PIECE)
        if len(piece) != (self._plain_size - number * PIECE if last else PIECE):
            raise OSError("the file changed while it was sealed")
        return self._cipher.encrypt(_nonce(self._prefix, number, last), piece, self._bound_to)


def unseal_file(cipher: AESGCM, sealed: BinaryIO, into: BinaryIO, bound_to: bytes) -> None:
    """Write what was sealed to `into`; InvalidTag when it was not sealed so, or is not whole."""
    sealed.seek(0)
    head = sealed.read(len(MARK) + PREFIX)
    if not head.startswith(MARK):
        whole = head + sealed.read()
        into.write(cipher.decrypt(whole[:NONCE], whole[NONCE:], bound_to))
    else:
        _unseal_pieces(cipher, sealed, into, bound_to, head[len(MARK) :])
    into.seek(0)


def _unseal_pieces(cipher: AESGCM, sealed: BinaryIO, into: BinaryIO, bound_to: bytes, prefix: bytes) -> None:
    number, piece = 0, sealed.read(PIECE + TAG)
    if len(prefix) < PREFIX or len(piece) < TAG:
        raise InvalidTag
    while piece:
        following = sealed.read(PIECE + TAG)
        into.write(cipher.decrypt(_nonce(prefix, number, not following), piece, bound_to))
        number, piece = number + 1, following


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])
