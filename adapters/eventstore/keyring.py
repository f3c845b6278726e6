"""Data keys in memory: a tenant's key unwraps its streams' keys, and those open the private bodies."""

from __future__ import annotations

import os
from collections import OrderedDict

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12
MAX_KEYS = 50_000


class Keyring:
    """Unwrapped keys, bounded; the least used stream keys go first and are unwrapped anew when needed."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, AESGCM] = OrderedDict()
        self._tenants: dict[str, bytes] = {}
        self._digests: dict[str, bytes] = {}

    def knows_tenant(self, tenant: str) -> bool:
        """Whether the tenant's key is at hand."""
        return tenant in self._tenants

    def put_tenant(self, tenant: str, key: bytes) -> None:
        """Keep a tenant's key (32 bytes)."""
        self._tenants[tenant] = key

    def digest_key(self, tenant: str) -> bytes:
        """A key for keyed hashes, derived from the tenant's (HKDF-SHA-256, RFC 5869)."""
        if tenant not in self._digests:
            derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"colloquy digest")
            self._digests[tenant] = derive.derive(self._tenants[tenant])
        return self._digests[tenant]

    def create(self, stream: str) -> bytes:
        """A new key for a stream, kept here and given out wrapped by its tenant's key."""
        key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        self._keep(stream, AESGCM(key))
        return nonce + AESGCM(self._tenants[tenant_of(stream)]).encrypt(nonce, key, stream.encode())

    def unwrap(self, stream: str, wrapped: bytes) -> None:
        """Keep a stream's key from its wrapped form; InvalidTag when it was wrapped for another stream."""
        tenant_key = AESGCM(self._tenants[tenant_of(stream)])
        self._keep(stream, AESGCM(tenant_key.decrypt(wrapped[:NONCE], wrapped[NONCE:], stream.encode())))

    def _keep(self, stream: str, key: AESGCM) -> None:
        self._streams[stream] = key
        if len(self._streams) > MAX_KEYS:
            self._streams.popitem(last=False)

    def get(self, stream: str) -> AESGCM | None:
        """The stream's key, if it is in memory."""
        key = self._streams.get(stream)
        if key is not None:
            self._streams.move_to_end(stream)
        return key

    def forget(self, stream: str) -> None:
        """Drop a stream's key: it was shredded."""
        self._streams.pop(stream, None)


def tenant_of(stream: str) -> str:
    """The first part of `<tenant>/<kind>/<id>`."""
    return stream.partition("/")[0]
