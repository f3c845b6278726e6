"""Items of the session view: one a session and one a turn, sealed where they hold what people wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

Value = str | int | bytes | bool


class ItemSpace(msgspec.Struct, frozen=True):
    """The items of one tenant in one generation of the view; a rebuild fills the next beside the live one."""

    tenant: str
    generation: int


class SessionChange(msgspec.Struct, frozen=True, kw_only=True):
    """What facts `after + 1 .. version` of a session change, as absolute values.

    `session` are attributes of the session's item, `defaults` those to set where there is none yet, `turns` attributes
    by turn id, `new_turns` how many turns began. With `erased` all of it is to go (`SessionItems.erase`).
    """

    session_id: str
    after: int
    version: int
    session: dict[str, Value]
    defaults: dict[str, Value]
    turns: dict[str, dict[str, Value]]
    new_turns: int = 0
    erased: bool = False


PAGE_BYTES = 1024 * 1024
"""Of what is stored, on a page: its last item may go beyond."""


class ItemPage(msgspec.Struct, frozen=True):
    """At most as many items as were asked for, and fewer once they are `PAGE_BYTES`; whether there are more."""

    items: list[dict[str, Value]]
    more: bool


def item_size(item: Mapping[str, Value]) -> int:
    """About how many bytes an item is."""
    return sum(len(value) if isinstance(value, str | bytes) else 8 for value in item.values())


class Stale(Exception):
    """The stored item is at another version than the change begins at (0: there is no item)."""

    def __init__(self, stored: int) -> None:
        super().__init__(f"the item is at version {stored}")
        self.stored = stored


class SessionItems(Protocol):
    """All methods raise `DependencyUnavailable` when the store is away or throttles."""

    async def apply(self, space: ItemSpace, change: SessionChange) -> None:
        """Write the session's and the turns' items together or not at all, if the session's is at `change.after`;
        `Stale` otherwise. Of a session that was erased only the version moves."""
        ...

    async def erase(self, space: ItemSpace, session_id: str, version: int) -> None:
        """Delete the session's and all turns' items but for a bare marker at `version`; a marker stays as it is."""
        ...

    async def fetch(self, space: ItemSpace, session_id: str) -> dict[str, Value] | None:
        """The attributes of a session, with `session_id`, `version`, `turns`; None when absent or erased."""
        ...

    async def page(self, space: ItemSpace, user: str, *, before: str | None, limit: int) -> ItemPage:
        """Sessions of a user, newest first, older than the session id `before`. May miss writes of the last moment."""
        ...

    async def turns(self, space: ItemSpace, session_id: str, *, after: str | None, limit: int) -> ItemPage:
        """Turns of a session in order, after the turn id `after`, each with `turn_id`."""
        ...

    def scan(self, generation: int) -> AsyncIterator[tuple[str, str, dict[str, Value]]]:
        """Every item of a generation as (stream, turn id or "", attributes), in no particular order."""
        ...

    async def drop_generation(self, generation: int) -> int:
        """Delete every item of a generation, of all tenants; how many there were."""
        ...
