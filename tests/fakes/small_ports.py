"""Fakes of the small ports: tenants, corpus, the feed's tail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from application.ports.sessions.feed_tail import TailPiece
from domain.access import Principal
from domain.refusals import AssistantNotFound
from domain.session.events import Passage
from domain.tenant.assistant import Assistant
from domain.tenant.budget import AgreedPrice
from domain.tenant.document_collections import DocumentCollection
from domain.tenant.readable import ONLY_OPEN
from domain.tenant.state import Tenant


class FixedTenants:
    """Every tenant has the same assistants, collections, and prices of its own."""

    def __init__(self, **assistants: Assistant) -> None:
        self.assistants = {"default": Assistant(), **assistants}
        self.collections: dict[str, DocumentCollection] = {}
        self.gone: set[str] = set()
        self.prices: tuple[AgreedPrice, ...] = ()

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        if name not in self.assistants:
            raise AssistantNotFound
        return self.assistants[name], 0

    async def assistant_for(self, principal: Principal, name: str) -> tuple[Assistant, int]:
        assistant, version = await self.assistant(principal.tenant, name)
        if not assistant.is_for(principal.roles, principal.groups):
            raise AssistantNotFound
        return assistant, version

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        if tenant in self.gone:
            return Tenant(erased=True)
        return Tenant(name=tenant, assistants=self.assistants, collections=self.collections, prices=self.prices)

    def forget(self, tenant: str) -> None:
        return None


class FixedCorpus:
    """The same passages for every question; version 0 (no documents) when there are none."""

    def __init__(self, passages: Sequence[Passage] = ()) -> None:
        self.passages = list(passages)

    async def version(self, tenant: str) -> int:
        return len(self.passages)

    async def count_passages(self, tenant: str) -> int:
        return len(self.passages)

    async def search(
        self, tenant: str, query: str, vector: Any, k: int, collections: Sequence[str] = ONLY_OPEN
    ) -> list[Passage]:
        return self.passages[:k]


class NoTail:
    """Keeps nothing."""

    async def push(self, pieces: Sequence[tuple[str, TailPiece]]) -> None:
        return None

    async def read(self, stream: str) -> list[TailPiece]:
        return []

    async def forget(self, stream: str) -> None:
        return None
