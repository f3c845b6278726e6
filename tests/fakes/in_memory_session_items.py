"""The session view's items in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from application.ports.sessions.session_items import (
    PAGE_BYTES,
    ItemPage,
    ItemSpace,
    SessionChange,
    Stale,
    Value,
    item_size,
)
from domain.refusals import DependencyUnavailable

Key = tuple[str, int, str, str]


class InMemorySessionItems:
    """Keyed by tenant, generation, session and turn ("" for the session's own item)."""

    def __init__(self) -> None:
        self.items: dict[Key, dict[str, Value]] = {}
        self.away = False

    def _check(self) -> None:
        if self.away:
            raise DependencyUnavailable("The items are away.")

    async def apply(self, space: ItemSpace, change: SessionChange) -> None:
        self._check()
        key = (space.tenant, space.generation, change.session_id, "")
        old = self.items.get(key, {})
        stored = int(old.get("version", 0))
        if stored != change.after:
            raise Stale(stored)
        if "erased" in old:
            old["version"] = change.version
            return
        turns = int(old.get("turns", 0)) + change.new_turns
        self.items[key] = {
            **change.defaults,
            **old,
            **change.session,
            "session_id": change.session_id,
            "version": change.version,
            "turns": turns,
        }
        for turn_id, attributes in change.turns.items():
            turn = self.items.setdefault((*key[:3], turn_id), {"turn_id": turn_id})
            turn.update(attributes)

    async def erase(self, space: ItemSpace, session_id: str, version: int) -> None:
        self._check()
        key = (space.tenant, space.generation, session_id, "")
        if int(self.items.get(key, {}).get("version", 0)) < version:
            self.items[key] = {"erased": True, "version": version}
        for other in [k for k in self.items if k[:3] == key[:3] and k[3]]:
            del self.items[other]

    async def fetch(self, space: ItemSpace, session_id: str) -> dict[str, Value] | None:
        self._check()
        item = self.items.get((space.tenant, space.generation, session_id, ""))
        return dict(item) if item and "erased" not in item else None

    async def page(self, space: ItemSpace, user: str, *, before: str | None, limit: int) -> ItemPage:
        self._check()
        own = [
            dict(item)
            for (tenant, generation, id, turn), item in self.items.items()
            if (tenant, generation, turn) == (space.tenant, space.generation, "")
            and item.get("user") == user
            and (before is None or id < before)
        ]
        return _page(sorted(own, key=lambda item: str(item["session_id"]), reverse=True), limit)

    async def turns(self, space: ItemSpace, session_id: str, *, after: str | None, limit: int) -> ItemPage:
        self._check()
        own = [
            dict(item)
            for (tenant, generation, id, turn), item in self.items.items()
            if (tenant, generation, id) == (space.tenant, space.generation, session_id) and turn > (after or "")
        ]
        return _page(sorted(own, key=lambda item: str(item["turn_id"])), limit)

    async def scan(self, generation: int) -> AsyncIterator[tuple[str, str, dict[str, Value]]]:
        self._check()
        for (tenant, of, id, turn), item in list(self.items.items()):
            if of == generation:
                yield f"{tenant}/session/{id}", turn, dict(item)

    async def drop_generation(self, generation: int) -> int:
        self._check()
        gone = [key for key in self.items if key[1] == generation]
        for key in gone:
            del self.items[key]
        return len(gone)


def _page(items: list[dict[str, Value]], limit: int) -> ItemPage:
    kept = 0
    while kept < min(limit, len(items)) and sum(map(item_size, items[:kept])) < PAGE_BYTES:
        kept += 1
    return ItemPage(items[:kept], more=kept < len(items))
