"""Links to one file that need no other credential, until they end: signed for one file, one use and one moment."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from application.clock import Moment, now
from domain.refusals import FileNotFound

Use = Literal["download", "upload", "evidence"]
PURPOSE = b"colloquy link to a file 1"


class FileLink(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a link allows until `expires` (Unix seconds): to fetch a file, to bring one of this name and size under an
    id that is new, or to read the evidence of the incident that `file_id` is. `user` is the pseudonym of who it was
    made for."""

    use: Use
    tenant: str
    user: str
    file_id: str
    expires: int
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class FileLinks:
    """Signs and checks with keys that are derived from the installation's secrets, the current one first: one that was
    replaced and is still known checks what it signed. Links live `life_s` seconds."""

    secrets: Callable[[], Sequence[bytes]]
    life_s: int
    clock: Moment = now

    def ends(self) -> int:
        """When a link that is made now ends."""
        return int(self.clock().timestamp()) + self.life_s

    def sign(self, link: FileLink) -> str:
        """The signature that goes with a link: 64 hexadecimal digits."""
        return _signature(self.secrets()[0], link)

    def check(self, link: FileLink, signature: str) -> None:
        """`FileNotFound` when the link has ended, or was never made by us: nobody learns which."""
        given = signature.encode(errors="replace")
        right = any(hmac.compare_digest(_signature(secret, link).encode(), given) for secret in self.secrets())
        if not right or link.expires < self.clock().timestamp():
            raise FileNotFound


def _signature(secret: bytes, link: FileLink) -> str:
    key = hmac.new(secret, PURPOSE, hashlib.sha256).digest()
    return hmac.new(key, msgspec.msgpack.encode(link), hashlib.sha256).hexdigest()
