"""A key authority in memory: keys bound to their tenants but wrapped in nothing; it can be away, or destroy a key."""

from __future__ import annotations

import asyncio
import secrets

from domain.refusals import DependencyUnavailable, NotFound


class PlainKeyAuthority:
    """`away` refuses at once, `silent` never answers; `asked` counts the calls."""

    def __init__(self) -> None:
        self.away = self.silent = False
        self.asked = 0
        self.destroyed: set[str] = set()
        self.destroyed_keys: set[bytes] = set()

    async def _answer(self) -> None:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise DependencyUnavailable

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        await self._answer()
        key = secrets.token_bytes(32)
        return key, tenant.encode() + b" " + key

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        await self._answer()
        if tenant in self.destroyed or wrapped in self.destroyed_keys:
            raise NotFound
        bound, _, key = wrapped.partition(b" ")
        if bound != tenant.encode():
            raise DependencyUnavailable
        return key

    async def renew(self, tenant: str) -> tuple[bytes, bytes]:
        return await self.create(tenant)

    async def destroy(self, tenant: str, wrapped: bytes) -> None:
        await self._answer()
        self.destroyed_keys.add(wrapped)
