"""A file of NATS credentials, read at each connection: a user's JWT, and the NKEY seed that answers a challenge."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+(\S+)\s+-+END ")
JWT, SEED = b"NATS USER JWT", b"USER NKEY SEED"
SEED_BYTES = slice(2, 34)
"""Of a decoded seed (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth): two
bytes say what it is of, 32 are the Ed25519 seed, two are a checksum."""


class NoCredentials(RuntimeError):
    """The file that COLLOQUY_NATS_CREDENTIALS names holds no NATS credentials."""


def callbacks(path: str) -> dict[str, Callable[..., bytes]]:
    """What the client library asks for at each connection; `NoCredentials`, an OSError."""
    return {"user_jwt_cb": lambda: _parts(path)[JWT], "signature_cb": lambda nonce: _signed(_parts(path)[SEED], nonce)}


def _parts(path: str) -> dict[bytes, bytes]:
    found = dict(BLOCK.findall(Path(path).read_bytes()))
    if not {JWT, SEED} <= found.keys():
        raise NoCredentials(f"{path} holds no user's JWT and NKEY seed, as `nsc generate creds` writes them")
    return found


def _signed(seed: bytes, nonce: str) -> bytes:
    raw = base64.b32decode(seed + b"=" * (-len(seed) % 8))
    if binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        raise NoCredentials("the NKEY seed of the NATS credentials is damaged")
    key = Ed25519PrivateKey.from_private_bytes(raw[SEED_BYTES])
    return base64.b64encode(key.sign(nonce.encode()))
