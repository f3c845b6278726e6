"""Facts as messages that only this installation can write: msgpack with a keyed hash in front, bound to their lane."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

import msgspec

from application.ports.facts.event_store import Recorded

Secrets = Callable[[], Sequence[bytes]]
"""The installation's own, the one to sign with first; the rest are good until the next rotation."""
MAC_BYTES = 16

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Recorded)


class NotOurs(ValueError):
    """A message that nobody with the installation's secrets wrote for this lane."""


class SignedFacts:
    """Whoever may write to the pipe can still say nothing to a read model: what is not signed is a hole, and a hole is
    filled from the store (keyed BLAKE2b of 128 bits, RFC 7693)."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def encode(self, lane: int, fact: Recorded) -> bytes:
        """The fact, signed."""
        body = _encode(fact)
        return _mac(self._secrets()[0], lane, body) + body

    def decode(self, lane: int, message: bytes) -> Recorded:
        """The fact; `NotOurs`, or msgspec's own ValueError for one of another shape."""
        mac, body = message[:MAC_BYTES], message[MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(secret, lane, body)) for secret in self._secrets()):
            raise NotOurs(f"a message of {len(message)} bytes in lane {lane}")
        return _decoder.decode(body)


def _mac(secret: bytes, lane: int, body: bytes) -> bytes:
    return hashlib.blake2b(
        body, key=secret[:64], digest_size=MAC_BYTES, person=b"colloquy pipe", salt=lane.to_bytes(8, "big")
    ).digest()
