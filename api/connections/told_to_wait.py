"""Requests that come again before their time: answered the same out of memory, before anything is looked at."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from application.clock import Seconds, monotonic
from domain.refusals import RateLimited

KEPT = 10_000
KEPT_S = 1.0
"""For so long at most: then the limits are looked at again, and the credential, which may have been taken back."""


@dataclass(slots=True)
class RefusedRequest:
    """What is known of a request that was refused: until when its like is, when it may be let in, which route it is of,
    and how many were refused since without a line in the log."""

    until: float
    come_back: float
    route: str
    more: int = 0


@dataclass(eq=False)
class ToldToWait:
    """The same method, path and bearer are the same request here: what the guard refused because its caller asks too
    much, it would refuse again."""

    clock: Seconds = monotonic
    _told: OrderedDict[bytes, RefusedRequest] = field(default_factory=OrderedDict)
    _latest: float = 0.0

    def remember(self, scope: Any, refusal: RateLimited) -> None:
        """A request was refused by its caller's limits."""
        name = _name(scope)
        if not name:
            return
        before = self._told.pop(name, None)
        come_back = self.clock() + (refusal.retry_after_s or 0.0)
        until = min(come_back, self.clock() + KEPT_S)
        self._told[name] = RefusedRequest(until, come_back, str(scope.get("path_template") or "unknown"))
        self._latest = max(self._latest, until)
        scope[MORE] = before.more if before else 0
        if len(self._told) > KEPT:
            self._told.popitem(last=False)

    def again(self, scope: Any) -> RefusedRequest | None:
        """What a request was told lately that comes too soon; None for all others, at once while nobody waits."""
        if self.clock() >= self._latest:
            return None
        told = self._told.get(_name(scope))
        if told is None or told.until <= self.clock():
            return None
        told.more += 1
        return told

    def left(self, told: RefusedRequest) -> RateLimited:
        """The refusal once more, with what is left to wait."""
        return RateLimited(retry_after_s=max(0.001, told.come_back - self.clock()))


MORE = "colloquy.refused_before"
"""In a scope: how many of its like were refused without a line of their own."""


def _name(scope: Any) -> bytes:
    """Empty without a bearer. The credential itself is not kept, for it could be used."""
    for header, value in scope["headers"]:
        if header == b"authorization":
            said = b"\0".join((scope["method"].encode(), scope["raw_path"], value))
            return hashlib.blake2b(said, digest_size=16).digest()
    return b""
