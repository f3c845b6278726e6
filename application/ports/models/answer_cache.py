"""Answers kept for questions that come again: word for word, or in other words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from domain.session.events import Citation
from domain.tenant.assistant import CachePolicy
from domain.usage import Usage


class CacheScope(msgspec.Struct, frozen=True, kw_only=True):
    """All that an answer hangs on besides its question; only equal scopes share answers.

    `corpus_version` is 0 for an assistant without documents, which has no `collections` either: those whose documents
    the asker may be answered from. `data_version` names its tools and the datasets that they
    read, each in its version. `roles` are what the asker may do, and `user` is the asker where the answer hangs on who
    asks. `language` is the one that the client wants. `context` is `context_of` the earlier turns
    (`application.answer_cache.answer_cache`). `release` names what else of the installation shapes answers: its models,
    its prompts.
    """

    tenant: str
    assistant: str
    assistant_version: int
    corpus_version: int = 0
    collections: tuple[str, ...] = ()
    data_version: str = ""
    roles: tuple[str, ...] = ()
    user: str = ""
    language: str = ""
    context: str = ""
    release: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it was typed, with its scope, what its assistant says of caches, and who asks."""

    text: str
    scope: CacheScope
    policy: CachePolicy = CachePolicy()
    asker: str = ""


class CachedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer, where and when it was given, what it cost (US dollars) and how long it took (ms)."""

    text: str
    session: str
    turn: str
    at: datetime
    citations: tuple[Citation, ...] = ()
    model: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    ttft_ms: int = 0


class CacheEntry(msgspec.Struct, frozen=True):
    """A question and its answer as caches hold them: sealed with the key of `stream`, the session they come from."""

    stream: str
    turn: str
    sealed: bytes


class Similar(msgspec.Struct, frozen=True):
    """An entry, and the cosine of its question's vector with the one that was asked for."""

    similarity: float
    entry: CacheEntry


class ExactCache(Protocol):
    """Entries by key, and one leader a key. Every method may fail; whoever calls treats that as having nothing."""

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        """What is kept under a key of this tenant."""
        ...

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        """Keep an entry for so long; not at all when that is 0."""
        ...

    async def evict(self, tenant: str, turn: str) -> None:
        """Drop the entry that came from a turn."""
        ...

    async def lead(self, tenant: str, key: bytes, token: str, ttl_s: float) -> bool:
        """Become or stay the one who answers this question, for so long: whether `token` is its leader now."""
        ...

    async def resign(self, tenant: str, key: bytes, token: str) -> None:
        """Lead no more; nothing happens when another token leads."""
        ...


class SemanticCache(Protocol):
    """Entries by the vector of their question within a scope. Every method may fail."""

    async def nearest(
        self, tenant: str, scope: bytes, vector: Sequence[float], *, at_least: float, limit: int
    ) -> list[Similar]:
        """The entries of exactly this scope whose cosine is at least so much, best first."""
        ...

    async def put(
        self, tenant: str, scope: bytes, key: bytes, vector: Sequence[float], entry: CacheEntry, ttl_s: int
    ) -> None:
        """Keep an entry for so long, in place of one with the same key; not at all when `ttl_s` is 0. A tenant's oldest
        entries make room."""
        ...

    async def evict(self, tenant: str, turn: str) -> None:
        """Drop the entry that came from a turn."""
        ...

    async def forget(self, stream: str) -> None:
        """Drop all that came from a session: its key takes the texts, this takes the vectors."""
        ...
