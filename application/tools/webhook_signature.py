"""Signatures by which a webhook's server knows that a request is ours (https://www.standardwebhooks.com, version 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from application.ports.facts.keys import Sealer

SIGNED_BY = "x-colloquy-signature"


async def signing_secret(sealer: Sealer, tenant: str, tool: str, number: int = 0) -> bytes:
    """The 32 bytes that a tool's requests are signed with, one after the other by their number. They hang on the
    tenant's key and are stored nowhere."""
    told = f"signs requests of the tool:{tool}" + (f" {number}" if number else "")  # no tool has a blank in its name
    return await sealer.digest(tenant, told.encode())


def shown_secret(secret: bytes) -> str:
    """As the standard's libraries take it."""
    return "whsec_" + base64.b64encode(secret).decode()


def sign(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """The standard's: HMAC-SHA-256 over id, time (Unix seconds) and body, so that none can be exchanged."""
    return _signature(secret, f"{id}.{timestamp}.".encode() + body)


def sign_request(secret: bytes, headers: Mapping[str, str], body: bytes) -> str:
    """Our own, over all that we say in headers too, as whom a tool acts above all: a line `name:value` each, names in
    small letters and in order, an empty line, then the body. Whoever trusts a header checks this one."""
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    return _signature(secret, f"{lines}\n".encode() + body)


def _signature(secret: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
