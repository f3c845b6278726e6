"""Credentials that were taken back before their time, kept where every process looks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol

import msgspec

MOST_OF_A_TENANT = 10_000
"""Revocations of one tenant that hold at the same time: each process has all of them in memory."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. Of a `token`, `name` is the hash of its id; of a `user`, the pseudonym, and what was issued at
    `before` or earlier is refused; of a `tenant` it is empty, and everything is refused until it is `lifted`. After
    `until` nothing is left that it could refuse."""

    tenant: str
    kind: Literal["token", "user", "tenant"]
    name: str = ""
    before: datetime
    until: datetime
    lifted: bool = False


class ToldRevocation(msgspec.Struct, frozen=True, kw_only=True):
    """One as every process is told of it: by hashes, which say nothing to whoever has not the token or the user."""

    tenant: str
    name: str
    kind: Literal["token", "user", "tenant"]
    before: datetime
    until: datetime
    lifted: bool = False


@lru_cache(maxsize=10_000)
def tenant_hash(tenant: str) -> str:
    """SHA-256 of a tenant's id, in hex."""
    return hashlib.sha256(tenant.encode()).hexdigest()


def name_hash(tenant: str, kind: str, name: str) -> str:
    """SHA-256 of what is revoked, another one in each tenant."""
    return hashlib.sha256(f"{tenant}/{kind}/{name}".encode()).hexdigest()


def told(one: Revocation) -> ToldRevocation:
    """The same by hashes."""
    return ToldRevocation(
        tenant=tenant_hash(one.tenant),
        name=name_hash(one.tenant, one.kind, one.name),
        kind=one.kind,
        before=one.before,
        until=one.until,
        lifted=one.lifted,
    )


class RevocationLog(Protocol):
    """Where they are kept."""

    async def add(self, revocation: Revocation) -> None:
        """Keep one in place of an earlier one of the same name; `RateLimited` when the tenant has too many."""
        ...

    async def fetch(self, after: datetime | None) -> tuple[list[ToldRevocation], datetime | None]:
        """Of all tenants those that were noted after a moment of the store's own clock, with the latest such moment;
        all of them with None. What is noted may show up a little later than its moment says."""
        ...

    def on_news(self, heard: Callable[[], None]) -> None:
        """Call `heard` when one was added, by any process, or may have been. Like all news it may be lost."""
        ...
