"""`RenewableKeys` and `RestorableKeys` in memory: notes what was done, in order."""

from __future__ import annotations

from typing import BinaryIO

from domain.refusals import DependencyUnavailable


class InMemoryRenewal:
    """`away` refuses, as without a key service."""

    def __init__(self) -> None:
        self.away = False
        self.done: list[str] = []
        self.owed: set[str] = set()

    async def due(self, tenant: str) -> bool:
        return tenant in self.owed

    async def renew(self, tenant: str) -> None:
        if self.away:
            self.owed.add(tenant)
            raise DependencyUnavailable
        self.done.append("renew")

    async def write_book(self, tenant: str, into: BinaryIO) -> int:
        self.done.append("write_book")
        into.write(b"keys of " + tenant.encode())
        return self.done.count("renew")

    async def epochs(self) -> list[tuple[str, int]]:
        return []

    async def restore(self, tenant: str, book: BinaryIO) -> bool:
        self.done.append("restore")
        return True

    async def destroy_replaced(self, tenant: str) -> None:
        self.done.append("destroy_replaced")
        self.owed.discard(tenant)

    async def destroy_tenant(self, tenant: str) -> None:
        self.done.append("destroy_tenant")
