"""Both caches of answers in memory; a test may let what they hold expire, or take them away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from application.ports.models.answer_cache import CacheEntry, Similar


class InMemoryExactCache:
    """`away` makes every call fail."""

    def __init__(self) -> None:
        self.away = False
        self.entries: dict[tuple[str, bytes], CacheEntry] = {}
        self.leaders: dict[tuple[str, bytes], str] = {}

    def _here(self) -> None:
        if self.away:
            raise ConnectionError("away")

    async def get(self, tenant: str, key: bytes) -> CacheEntry | None:
        self._here()
        return self.entries.get((tenant, key))

    async def put(self, tenant: str, key: bytes, entry: CacheEntry, ttl_s: int) -> None:
        self._here()
        if ttl_s > 0:
            self.entries[tenant, key] = entry

    async def evict(self, tenant: str, turn: str) -> None:
        self._here()
        gone = [place for place, entry in self.entries.items() if place[0] == tenant and entry.turn == turn]
        for place in gone:
            del self.entries[place]

    async def lead(self, tenant: str, key: bytes, token: str, ttl_s: float) -> bool:
        self._here()
        return self.leaders.setdefault((tenant, key), token) == token

    async def resign(self, tenant: str, key: bytes, token: str) -> None:
        self._here()
        if self.leaders.get((tenant, key)) == token:
            del self.leaders[tenant, key]


class InMemorySemanticCache:
    """`away` makes every call fail; vectors are unit vectors."""

    def __init__(self, *, most: int = 5_000) -> None:
        self.away = False
        self._most = most
        self.rows: dict[tuple[str, bytes], tuple[bytes, Sequence[float], CacheEntry]] = {}

    def _here(self) -> None:
        if self.away:
            raise ConnectionError("away")

    async def nearest(
        self, tenant: str, scope: bytes, vector: Sequence[float], *, at_least: float, limit: int
    ) -> list[Similar]:
        self._here()
        found = [
            Similar(sum(a * b for a, b in zip(vector, kept, strict=True)), entry)
            for (owner, _), (of_scope, kept, entry) in self.rows.items()
            if (owner, of_scope) == (tenant, scope)
        ]
        return sorted((s for s in found if s.similarity >= at_least), key=lambda s: -s.similarity)[:limit]

    async def put(
        self, tenant: str, scope: bytes, key: bytes, vector: Sequence[float], entry: CacheEntry, ttl_s: int
    ) -> None:
        self._here()
        if ttl_s > 0:
            self.rows.pop((tenant, key), None)
            self.rows[tenant, key] = (scope, vector, entry)
            own = [place for place in self.rows if place[0] == tenant]
            for place in own[: -self._most]:
                del self.rows[place]

    async def evict(self, tenant: str, turn: str) -> None:
        self._here()
        self._drop(lambda owner, entry: owner == tenant and entry.turn == turn)

    async def forget(self, stream: str) -> None:
        self._here()
        self._drop(lambda _, entry: entry.stream == stream)

    def expire(self, tenant: str) -> None:
        """The time of all that a tenant has here is over."""
        self._drop(lambda owner, _: owner == tenant)

    def _drop(self, gone: Callable[[str, CacheEntry], bool]) -> None:
        self.rows = {place: row for place, row in self.rows.items() if not gone(place[0], row[2])}
