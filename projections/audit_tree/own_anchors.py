"""The anchors of those tenants alone whose log lies in one database: the others' are looked for in theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from application.ports.facts.audit_anchors import Anchor, AnchorName, AnchorStore


class OwnAnchors:
    """See `application.ports.facts.audit_anchors.AnchorStore`. `held` says whom of some tenants the database holds."""

    def __init__(self, anchors: AnchorStore, held: Callable[[list[str]], Awaitable[list[str]]]) -> None:
        self._anchors, self._held = anchors, held

    async def put(self, tenant: str, name: AnchorName, anchor: Anchor) -> bool:
        """See the port."""
        return await self._anchors.put(tenant, name, anchor)

    def names(self, tenant: str, *, after: int = 0) -> AsyncIterator[AnchorName]:
        """See the port."""
        return self._anchors.names(tenant, after=after)

    async def get(self, tenant: str, name: AnchorName) -> Anchor | None:
        """See the port."""
        return await self._anchors.get(tenant, name)

    async def tenants(self) -> list[str]:
        """See the port."""
        return await self._held(await self._anchors.tenants())
