"""AWS Signature Version 4 for our one kind of request: a POST without a query, its key derived once a day.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The library's signer weighs
for each request what may be signed and how; here everything but the time, the path and the body is known beforehand.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
DEFAULT_PORTS = {"http": 80, "https": 443}


class Credentials(Protocol):
    """What signs: read as one, for they change together."""

    access_key: str
    secret_key: str
    token: str | None


class Signature:
    """Signs for one service in one region at one host."""

    def __init__(self, region: str, service: str, host: str) -> None:
        self._scope, self._region, self._service = f"{region}/{service}/aws4_request", region, service
        self._host = host
        self._key: tuple[str, str, bytes] = ("", "", b"")

    def headers(
        self, credentials: Credentials, path: str, body: bytes, at: datetime, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """`headers`, whose names are in lower case, and those that the signature adds; it covers them all and `Host`.
        `path` is as it is sent, with its escapes; `at` an aware time."""
        time = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = {**headers, "x-amz-date": time}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        covered = sorted((signed | {"host": self._host}).items())
        names = ";".join(name for name, _ in covered)
        lines = "".join(f"{name}:{value}\n" for name, value in covered)
        asked = f"POST\n{quote(path, safe='/~')}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        day = time[:8]
        scope = f"{day}/{self._scope}"
        text = f"{ALGORITHM}\n{time}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        proof = hmac.digest(self._key_of(credentials.secret_key, day), text.encode(), "sha256").hex()
        signed["authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={proof}"
        )
        return signed

    def _key_of(self, secret: str, day: str) -> bytes:
        if self._key[:2] != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, day, key)
        return self._key[2]


def host_of(origin: Any) -> str:
    """The `Host` header for a split URL: its port only where it is not the scheme's own."""
    host = f"[{origin.hostname}]" if ":" in origin.hostname else origin.hostname
    return host if origin.port in (None, DEFAULT_PORTS.get(origin.scheme)) else f"{host}:{origin.port}"
