"""What a key looks like, of a user or of a machine: its tenant, what it is found by, and a secret that nobody keeps."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import msgspec

API_KEY, SERVICE_KEY = BEGINS = ("ck_", "cs_")
"""Of keys that act as a user, and of machines' own."""
FOUND_BY, TENANT, SECRET = 6, 16, 32
"""Bytes of its three parts: 54 in all, which base64 says in 72 characters with no bits to spare."""
BEGINNING = len(API_KEY)
PREFIX = BEGINNING + FOUND_BY * 4 // 3
_FORM = re.compile(rf"({API_KEY}|{SERVICE_KEY})[A-Za-z0-9_-]{{72}}")


class KeyParts(msgspec.Struct, frozen=True):
    """What can be told from a key alone: its tenant, the beginning that it is listed by, and its hash."""

    tenant: str
    prefix: str
    hash: bytes


def new_key(tenant: str, begins: str = API_KEY) -> str:
    """A key of the tenant with 256 random bits."""
    made = secrets.token_bytes(FOUND_BY) + UUID(tenant).bytes + secrets.token_bytes(SECRET)
    return begins + urlsafe_b64encode(made).decode()


def parts_of(key: str) -> KeyParts | None:
    """Its parts; None for what is no key. A plain hash is enough: 256 random bits are found by no trial."""
    if not _FORM.fullmatch(key):
        return None
    tenant = urlsafe_b64decode(key[BEGINNING:])[FOUND_BY : FOUND_BY + TENANT]
    return KeyParts(str(UUID(bytes=tenant)), key[:PREFIX], hashlib.sha256(key.encode()).digest())
