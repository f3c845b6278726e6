"""Data keys in memory: a tenant's key unwraps its streams' keys, and those open the private bodies."""

from __future__ import annotations

import os
from collections import OrderedDict

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.ports.keys import KeyNotAtHand, KeyUnusable

NONCE = 12
MAX_KEYS = 20_000  # a cipher is about 2.5 kB


class NewKey(msgspec.Struct, frozen=True):
    """A stream's first key, as a cipher and wrapped. It must not be kept before the wrapped form is stored: what it
    sealed could never be opened again."""

    stream: str
    cipher: AESGCM
    wrapped: bytes


class Keyring:
    """Unwrapped keys, bounded; the least used stream keys go first and are unwrapped anew when needed."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, AESGCM] = OrderedDict()
        self._shredded: OrderedDict[str, None] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._unusable: OrderedDict[str, type[KeyUnusable]] = OrderedDict()
        self._tenants: dict[str, bytes] = {}
        self._digests: dict[str, bytes] = {}

    def knows_tenant(self, tenant: str) -> bool:
        """Whether the tenant's key is at hand."""
        return tenant in self._tenants

    def put_tenant(self, tenant: str, key: bytes) -> None:
        """Keep a tenant's key (32 bytes), and a key for keyed hashes derived from it (HKDF-SHA-256, RFC 5869)."""
        self._tenants[tenant] = key
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"colloquy digest")
        self._digests[tenant] = derive.derive(key)

    def digest_key(self, tenant: str) -> bytes:
        """The tenant's key for keyed hashes; KeyError unless the tenant's key is at hand."""
        return self._digests[tenant]

    def mint(self, stream: str) -> NewKey:
        """A new key for a stream, wrapped by its tenant's key and bound to the stream."""
        key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        wrapped = nonce + AESGCM(self._tenants[tenant_of(stream)]).encrypt(nonce, key, stream.encode())
        return NewKey(stream, AESGCM(key), wrapped)

    def unwrap(self, stream: str, wrapped: bytes) -> None:
        """Keep a stream's key from its wrapped form; InvalidTag when it was wrapped for another stream."""
        tenant_key = AESGCM(self._tenants[tenant_of(stream)])
        self.keep(stream, AESGCM(tenant_key.decrypt(wrapped[:NONCE], wrapped[NONCE:], stream.encode())))

    def keep(self, stream: str, cipher: AESGCM) -> None:
        """Keep a stream's key; one that was shredded while it was on its way is not."""
        self._unusable.pop(stream, None)
        self._gone.pop(stream, None)
        if stream not in self._shredded:
            self._streams[stream] = cipher
            _bound(self._streams)

    def miss(self, stream: str, why: type[KeyUnusable]) -> None:
        """The stream has a key that cannot be used, which is not to be taken for one that was shredded."""
        self._unusable[stream] = why
        _bound(self._unusable)

    def miss_for_good(self, stream: str) -> None:
        """The stream has no key, or no longer."""
        self._unusable.pop(stream, None)
        self._gone[stream] = None
        _bound(self._gone)

    def get(self, stream: str) -> AESGCM | None:
        """The stream's key, if it is in memory."""
        cipher = self._streams.get(stream)
        if cipher is not None:
            self._streams.move_to_end(stream)
        return cipher

    def usable(self, stream: str) -> AESGCM | None:
        """The stream's key; None when it is known to have none. `KeyUnusable` when it has one that could not be had,
        `KeyNotAtHand` when nothing is known of it: it may have been let go of a moment ago."""
        cipher = self.get(stream)
        if cipher is None and stream not in self._gone and stream not in self._shredded:
            raise self._unusable.get(stream, KeyNotAtHand)(retry_after_s=2)
        return cipher

    def forget(self, stream: str) -> None:
        """Drop a stream's key for good: it was shredded. The empty name means that any may have been."""
        if not stream:
            self._streams.clear()
            return
        self._streams.pop(stream, None)
        self._unusable.pop(stream, None)
        self._shredded[stream] = None
        _bound(self._shredded)


def _bound(keys: OrderedDict[str, AESGCM] | OrderedDict[str, None] | OrderedDict[str, type[KeyUnusable]]) -> None:
    if len(keys) > MAX_KEYS:
        keys.popitem(last=False)


def tenant_of(stream: str) -> str:
    """The first part of `<tenant>/<kind>/<id>`."""
    return stream.partition("/")[0]
