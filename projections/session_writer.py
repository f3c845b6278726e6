"""Writes sessions' facts as items: opened, sealed anew attribute by attribute, as many as one write takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from application.failure_classes import POISON, class_of
from application.ports.facts.event_store import ErasableLog, Recorded
from application.ports.facts.keys import Sealer
from application.ports.sessions.session_items import ItemSpace, SessionChange, SessionItems, Stale, Value
from application.users import Users
from domain.event import TOPICS, UPCASTS, Envelope, StreamId
from projections.parked_sessions import Parking
from projections.sealed_items import context_of
from projections.session_changes import Attribute, Private, ViewChanges, changes_of

SIDE_BY_SIDE = 128
"""Sessions that are written at the same time, for the items' store may take several with one request."""
WRITE_BYTES = 1_000_000
"""Of what people wrote, in one write: DynamoDB takes 4 MB in a transaction, and several sessions share one."""
MOST_AT_ONCE = 60
"""Facts of one session in one write: DynamoDB takes 100 items in a transaction."""

log = structlog.get_logger()


class SessionWriter:
    """What is there already is not written again."""

    def __init__(self, store: ErasableLog, items: SessionItems, sealer: Sealer, users: Users) -> None:
        self._store, self._items, self._sealer, self._users = store, items, sealer, users

    async def write_all(
        self, generation: int, sessions: dict[str, list[Recorded]]
    ) -> tuple[dict[str, list[Envelope]], list[Parking]]:
        """Write each session's facts, some sessions side by side; what was written, and what cannot be followed."""
        written: dict[str, list[Envelope]] = {}
        parked, left = [], list(sessions.items())
        while left:
            now, left = left[:SIDE_BY_SIDE], left[SIDE_BY_SIDE:]
            writes = [self._write(generation, stream, own, written) for stream, own in now]
            for outcome in await asyncio.gather(*writes, return_exceptions=True):
                if isinstance(outcome, Parking):
                    log.error("session_parked", stream=outcome.fact.stream, position=outcome.fact.position)
                    parked.append(outcome)
                elif outcome is not None:
                    raise outcome
        return written, parked

    async def _write(
        self, generation: int, stream: str, facts: Sequence[Recorded], written: dict[str, list[Envelope]]
    ) -> None:
        opened: list[Envelope] = []
        await self._store.unlock([stream])  # it may have been let go of while others were written
        for fact in facts:
            try:
                opened.append(self._open(fact))
            except Exception as error:  # what is wrong with these bytes is wrong for good
                await self._write_or_park(generation, stream, opened, facts[0])
                written[stream] = opened
                raise Parking(fact, f"{type(error).__name__}: {error}") from error
        await self._write_or_park(generation, stream, opened, facts[0])
        written[stream] = opened

    def _open(self, fact: Recorded) -> Envelope:
        """A topic that is not known here belongs to a newer program and changes nothing that this one shows."""
        known = fact.topic in TOPICS or fact.topic in UPCASTS
        return self._store.open(fact) if known else self._store.heading(fact)

    async def _write_or_park(self, generation: int, stream: str, envelopes: list[Envelope], first: Recorded) -> None:
        try:
            await self.write(generation, stream, envelopes)
        except Exception as error:  # a key that is damaged; refused by the items' store: too large, or a hole
            if class_of(error) is not POISON:
                raise
            raise Parking(first, f"{type(error).__name__}: {error}") from error

    async def write(self, generation: int, stream: str, envelopes: Sequence[Envelope]) -> None:
        """One session's facts. `Stale` when its item ends before they begin."""
        id = StreamId.parse(stream)
        space = ItemSpace(id.tenant, generation)
        left = list(envelopes)
        while left:
            now, changes = _few(left)
            change = await self._sealed(stream, changes)
            try:
                if change.erased:
                    # Whoever erased it may have died between the fact and the key: the fact is enough.
                    await self._store.shred(stream)
                    await self._items.erase(space, change.session_id, change.version)
                else:
                    await self._items.apply(space, change)
            except Stale as stale:
                if stale.stored < now[0].version:
                    raise
                # These facts came before, in whole or in part: only what the item does not know yet is written.
                left = [envelope for envelope in left if envelope.version > stale.stored]
            else:
                left = left[len(now) :]

    async def _sealed(self, stream: str, changes: ViewChanges) -> SessionChange:
        if user := changes.session.get("user"):
            changes.session["user"] = await self._users.in_facts(StreamId.parse(stream).tenant, str(user))
        return SessionChange(
            session_id=StreamId.parse(stream).id,
            after=changes.after,
            version=changes.version,
            session=await self._seal(stream, changes.session),
            defaults=await self._seal(stream, changes.defaults),
            turns={turn: await self._seal(stream, attributes) for turn, attributes in changes.turns.items()},
            new_turns=changes.new_turns,
            erased=changes.erased,
        )

    async def _seal(self, stream: str, attributes: dict[str, Attribute]) -> dict[str, Value]:
        return {
            name: await self._sealer.seal(stream, value.plain, context_of(name))
            if isinstance(value, Private)
            else value
            for name, value in attributes.items()
        }


def _few(envelopes: Sequence[Envelope]) -> tuple[Sequence[Envelope], ViewChanges]:
    """As many of these facts as one write takes, and what they change."""
    few = envelopes[:MOST_AT_ONCE]
    changes = changes_of(few)
    while len(few) > 1 and changes.size > WRITE_BYTES:
        few = few[: len(few) // 2]
        changes = changes_of(few)
    return few, changes
