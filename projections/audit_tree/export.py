"""A tenant's log out of the event store, fact by fact with its leaf, up to a signed head: what can be verified
elsewhere."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from application.ports.facts.event_store import OpenedLog, Recorded, RecordedFacts
from domain.event import Shredded, Unknown
from domain.merkle import leaf_hash
from projections.audit import leaf_bytes
from projections.audit_tree.tiles import WIDTH, LeafPlace, SignedHead, leaf_index, places_of
from projections.transactions import Pool, Row, reading

AT_ONCE = 32
"""Facts that are read together: of the largest, 28 MB."""


class AuditExport:
    """The leaves are made of what the store holds, whatever the tree says of them."""

    def __init__(self, pool: Pool, store: OpenedLog, facts: RecordedFacts) -> None:
        self._pool, self._store, self._facts = pool, store, facts

    async def facts(self, head: SignedHead, *, after: int = 0, opened: bool = True) -> AsyncIterator[list[Row]]:
        """The facts under a head, after a position, a few at a time; `opened` says whether with what they say."""
        begin = await self._first_after(head, after) if after else 0
        while begin < head.tree_size:
            number, within = divmod(begin, WIDTH)
            async with reading(self._pool, head.tenant) as connection:
                places = await places_of(connection, head.tenant, number)
            here = places[within : head.tree_size - number * WIDTH]
            for n in range(0, len(here), AT_ONCE):
                yield await self._rows(head.tenant, here[n : n + AT_ONCE], opened=opened)
            begin = (number + 1) * WIDTH

    async def _first_after(self, head: SignedHead, position: int) -> int:
        async with reading(self._pool, head.tenant) as connection:
            found = await leaf_index(connection, head.tenant, position, or_later=True)
        if found is None:
            return head.tree_size
        return found[0] + (found[1].position == position)

    async def _rows(self, tenant: str, places: list[LeafPlace], *, opened: bool) -> list[Row]:
        facts = await self._facts.recorded(tenant, [(f"{tenant}/{place.stream}", place.version) for place in places])
        if opened:
            await self._store.unlock([fact.stream for fact in facts])
        return [self._row(fact, opened=opened) for fact in facts]

    def _row(self, fact: Recorded, *, opened: bool) -> Row:
        leaf = leaf_bytes(fact)
        told: dict[str, Any] = {"position": fact.position, "stream": fact.stream, "version": fact.version}
        told |= {"kind": fact.topic}
        try:
            heading = self._store.heading(fact)
        except Exception:  # damage is for the verifier to name: it is exported as it is
            about: dict[str, Any] = dict.fromkeys(("at", "actor", "correlation_id", "causation_id"), "")
        else:
            about = {name: getattr(heading, name) for name in ("at", "actor", "correlation_id", "causation_id")}
        hashed = {"leaf": base64.b64encode(leaf).decode(), "leaf_hash": leaf_hash(leaf).hex()}
        return told | about | ({"data": self._said(fact)} if opened else {}) | hashed

    def _said(self, fact: Recorded) -> dict[str, Any] | None:
        try:
            event = self._store.open(fact).event
        except Exception:  # the same
            return None
        if isinstance(event, Shredded | Unknown):
            return None
        return {name: msgspec.to_builtins(value) for name, value in msgspec.structs.asdict(event).items()}
