"""Data keys in memory: a tenant's key unwraps its streams' keys, and those open the private bodies."""

from __future__ import annotations

import os
import struct
from collections import OrderedDict

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.ports.facts.keys import KeyNotAtHand, KeyUnusable

NONCE = 12
MAX_KEYS = 20_000  # a cipher is about 2.5 kB
FIRST_WRAPPED = NONCE + 32 + 16
"""Bytes of a stream's key that its tenant's first key wrapped; later ones write their epoch before it."""
EPOCH = struct.Struct(">i")


class OtherEpoch(LookupError):
    """A stream's key is wrapped by another key of its tenant than the one in memory: `newer`, or an earlier one."""

    def __init__(self, newer: bool) -> None:
        super().__init__("wrapped by another key of the tenant")
        self.newer = newer


class TenantKey:
    """The key that wraps those of a tenant's streams; `epoch` counts its successors, 0 is the first."""

    def __init__(self, epoch: int, plain: bytes) -> None:
        self.epoch, self._cipher = epoch, AESGCM(plain)

    def wrap(self, stream: str, key: bytes) -> bytes:
        """A stream's key, bound to the stream."""
        nonce = os.urandom(NONCE)
        head = EPOCH.pack(self.epoch) if self.epoch else b""
        return head + nonce + self._cipher.encrypt(nonce, key, stream.encode())

    def unwrap(self, stream: str, wrapped: bytes) -> bytes:
        """And back. `OtherEpoch`, or InvalidTag when it was wrapped for another stream."""
        epoch = epoch_of(wrapped)
        if epoch != self.epoch:
            raise OtherEpoch(newer=epoch > self.epoch)
        bare = wrapped[-FIRST_WRAPPED:]
        return self._cipher.decrypt(bare[:NONCE], bare[NONCE:], stream.encode())


def epoch_of(wrapped: bytes) -> int:
    """Which of a tenant's keys wrapped a stream's; InvalidTag when nothing of ours is so long."""
    if len(wrapped) == FIRST_WRAPPED:
        return 0
    if len(wrapped) != EPOCH.size + FIRST_WRAPPED:
        raise InvalidTag
    return int(EPOCH.unpack_from(wrapped)[0])


class NewKey(msgspec.Struct, frozen=True):
    """A stream's first key, as a cipher and wrapped. It must not be kept before the wrapped form is stored: what it
    sealed could never be opened again."""

    stream: str
    cipher: AESGCM
    wrapped: bytes


class TenantKeyring:
    """Tenants' unwrapped keys."""

    def __init__(self) -> None:
        self._keys: dict[str, TenantKey] = {}
        self._digests: dict[str, bytes] = {}

    def knows(self, tenant: str) -> bool:
        """Whether the tenant's key is at hand."""
        return tenant in self._keys

    def put(self, tenant: str, key: TenantKey, digest: bytes) -> None:
        """Keep a tenant's key, and the one for its keyed hashes, which outlives it."""
        self._keys[tenant], self._digests[tenant] = key, digest

    def drop(self, tenant: str) -> None:
        """Let go of a tenant's key: it was replaced, or may have been."""
        self._keys.pop(tenant, None)

    def renewed(self, news: str) -> None:
        """Hear that a tenant's key was replaced: `<tenant> <epoch>`, or `<tenant>` when it was destroyed. Whoever has
        the new one keeps it."""
        tenant, _, epoch = news.partition(" ")
        key = self._keys.get(tenant)
        if key is not None and (not epoch or key.epoch < int(epoch)):
            del self._keys[tenant]

    def key(self, tenant: str) -> TenantKey:
        """The tenant's key; KeyError unless it is at hand."""
        return self._keys[tenant]

    def digest_key(self, tenant: str) -> bytes:
        """The tenant's key for keyed hashes; KeyError unless the tenant's key was at hand."""
        return self._digests[tenant]


class Keyring:
    """Streams' unwrapped keys, bounded, beside those of their `tenants`; the least used go first and are unwrapped anew
    when needed."""

    def __init__(self) -> None:
        self.tenants = TenantKeyring()
        self._streams: OrderedDict[str, AESGCM] = OrderedDict()
        self._shredded: OrderedDict[str, None] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._unusable: OrderedDict[str, type[KeyUnusable]] = OrderedDict()

    def mint(self, stream: str) -> NewKey:
        """A new key for a stream, wrapped by its tenant's key and bound to the stream."""
        key = AESGCM.generate_key(256)
        return NewKey(stream, AESGCM(key), self.tenants.key(tenant_of(stream)).wrap(stream, key))

    def unwrap(self, stream: str, wrapped: bytes) -> None:
        """Keep a stream's key from its wrapped form; see `TenantKey.unwrap`."""
        self.keep(stream, AESGCM(self.tenants.key(tenant_of(stream)).unwrap(stream, wrapped)))

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
