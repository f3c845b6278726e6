"""Anchors in memory: a store that locks, where what was put first counts; `away` is one that does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from application.ports.facts.audit_anchors import Anchor, AnchorName
from domain.refusals import DependencyUnavailable


class InMemoryAnchors:
    """See `application.ports.facts.audit_anchors.AnchorStore`."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[AnchorName, Anchor]] = {}
        self.away = False

    async def put(self, tenant: str, name: AnchorName, anchor: Anchor) -> bool:
        self._check()
        self.kept.setdefault(tenant, {}).setdefault(name, anchor)
        return True

    async def names(self, tenant: str, *, after: int = 0) -> AsyncIterator[AnchorName]:
        self._check()
        for name in sorted(self.kept.get(tenant, {})):
            if name.tree_size > after:
                yield name

    async def get(self, tenant: str, name: AnchorName) -> Anchor | None:
        self._check()
        return self.kept.get(tenant, {}).get(name)

    async def tenants(self) -> list[str]:
        self._check()
        return list(self.kept)

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable


class NotedHook:
    """Keeps what it was told; `fails` is one that takes nothing."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False

    async def tell(self, heads: Sequence[str]) -> None:
        if self.fails:
            raise DependencyUnavailable
        self.told += heads
