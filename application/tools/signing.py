"""Signatures by which a webhook's server knows that a request is ours (https://www.standardwebhooks.com, version 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from application.ports.keys import Sealer


async def signing_secret(sealer: Sealer, tenant: str, tool: str) -> bytes:
    """The 32 bytes that a tool's requests are signed with. They hang on the tenant's key and are stored nowhere."""
    return await sealer.digest(tenant, b"signs requests of the tool:" + tool.encode())


def shown_secret(secret: bytes) -> str:
    """As the standard's libraries take it."""
    return "whsec_" + base64.b64encode(secret).decode()


def sign(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA-256 over id, time (Unix seconds) and body, so that none can be exchanged."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
