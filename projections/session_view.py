"""The session view: an item a session and one a turn in DynamoDB, sealed with the session's key, written once each."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog

from application.ports.event_store import ErasableLog, Recorded
from application.ports.keys import KeyUnusable, Sealer
from application.ports.session_items import ItemSpace, SessionChange, SessionItems, Stale, Value
from application.users import Users
from domain.event import TOPICS, UPCASTS, Envelope, StreamId
from domain.ids import MAX_POSITION
from domain.refusals import DependencyUnavailable
from projections.fingerprints import sum_of, table_fingerprint
from projections.read_model import Effect
from projections.sealed_items import context_of, unsealed
from projections.session_changes import Attribute, Changes, Private, changes_of
from projections.session_words import WORDS, SessionWords
from projections.transactions import Connection, Pool, Row, rows, writing

SIDE_BY_SIDE = 128
"""Sessions that are written at the same time, for the items' store may take several with one request."""
RESUME_S = 2.0
RESUMED = 500
"""Parked sessions that are tried again at a time: any of them, so that none keeps the others waiting."""
WRITE_BYTES = 1_000_000
"""Of what people wrote, in one write: DynamoDB takes 4 MB in a transaction, and several sessions share one."""
MOST_AT_ONCE = 60
"""Facts of one session in one write: DynamoDB takes 100 items in a transaction."""

PARKED = """
SELECT p.stream, p.version, o.id IS NOT NULL AS asked FROM projections.parked_events p
LEFT JOIN projections.orders o
  ON o.what = 'retry' AND o.name = p.name AND o.stream = p.stream AND o.ended_at IS NULL
WHERE p.name = %s AND p.generation = %s AND p.lane = %s ORDER BY o.id, random() LIMIT %s"""
"""Those first that an operator asked for."""
UNPARK = "DELETE FROM projections.parked_events WHERE name = %s AND generation = %s AND stream = %s"
TRIED = """
UPDATE projections.orders SET ended_at = now(), outcome = %s
WHERE what = 'retry' AND name = %s AND stream = %s AND ended_at IS NULL"""

log = structlog.get_logger()


class Parking(Exception):
    """The session cannot be followed from this fact on."""

    def __init__(self, fact: Recorded, reason: str) -> None:
        super().__init__(reason)
        self.fact, self.reason = fact, reason


class SessionView:
    """The read model `session_view`: items, and the words that sessions are found by. A session whose facts cannot be
    applied is parked; the others go on. Users stand in it by pseudonym, also those whom older facts name."""

    name, layout = "session_view", 5

    def __init__(self, store: ErasableLog, pool: Pool, items: SessionItems, sealer: Sealer, users: Users) -> None:
        self._store, self._pool, self._items, self._sealer, self._users = store, pool, items, sealer, users
        self._words = SessionWords(pool, sealer, users)

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """See `ReadModel`: items need no tables of their own, words do."""
        await SessionWords.create(connection, generation)

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """See `ReadModel`: readers of items go by the live generation's number."""
        await SessionWords.publish(connection, generation)

    async def drop(self, connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await SessionWords.drop(connection, generation)

    async def sweep(self, generation: int) -> None:
        """See `ReadModel`."""
        await self._items.drop_generation(generation)

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """See `ReadModel`."""
        sessions: dict[str, list[Recorded]] = defaultdict(list)
        for fact in facts:
            if StreamId.parse(fact.stream).kind == "session":
                sessions[fact.stream].append(fact)
        for stream in await self._parked(generation, list(sessions)):
            del sessions[stream]
        if sessions:
            await self._store.unlock(list(sessions))
        written, parked = await self._write_all(generation, sessions)
        words = await self._words.changes(generation, written)

        async def effect(connection: Connection) -> None:
            await self._words.keep(connection, generation, words)
            for parking in parked:
                await _park(connection, self.name, generation, lane, parking)

        return effect

    async def fingerprint(self, generation: int) -> str:
        """See `ReadModel`: over what the items say, for sealing the same twice gives different bytes."""
        digests: list[bytes] = []
        async for stream, turn_id, attributes in self._items.scan(generation):
            await self._sealer.unlock([stream])
            plain = await unsealed(self._sealer, stream, attributes)
            digests.append(repr((stream, turn_id, sorted(plain.items()))).encode())
        return f"{sum_of(digests)} {await table_fingerprint(self._pool, [f'{WORDS}_{generation}'])}"

    async def resume(self, generation: int, lane: int) -> None:
        """See `ReadModel`: try parked sessions once more, from the fact on that stopped them."""
        async with writing(self._pool) as connection:
            found = await rows(
                connection,
                PARKED,
                (self.name, generation, lane, RESUMED),
            )
        until = time.monotonic() + RESUME_S
        for row in found:
            if time.monotonic() > until:
                break  # the others have waited long enough
            try:
                async for envelopes in self._store.slices(row["stream"], after=row["version"] - 1, upto=MAX_POSITION):
                    await self._write_envelopes(generation, row["stream"], envelopes)
                    await self._note_words(generation, {row["stream"]: envelopes})
            except Exception as error:  # still not readable: it stays parked, as the table and the alarm say
                if isinstance(error, DependencyUnavailable) and not isinstance(error, KeyUnusable):
                    raise
                log.error("session_still_parked", stream=row["stream"], error=type(error).__name__)
                outcome = type(error).__name__
            else:
                outcome = "done"
            await self._tried(generation, row, outcome)

    async def _tried(self, generation: int, row: Row, outcome: str) -> None:
        if outcome != "done" and not row["asked"]:
            return
        async with writing(self._pool) as connection:
            if outcome == "done":
                await connection.execute(UNPARK, (self.name, generation, row["stream"]))
            await connection.execute(TRIED, (outcome, self.name, row["stream"]))

    async def _note_words(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> None:
        changes = await self._words.changes(generation, told)
        async with writing(self._pool) as connection:
            await self._words.keep(connection, generation, changes)

    async def _write_all(
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

    async def _parked(self, generation: int, streams: list[str]) -> list[str]:
        async with writing(self._pool) as connection:
            found = await rows(
                connection,
                "SELECT stream FROM projections.parked_events WHERE name = %s AND generation = %s AND stream = ANY(%s)",
                (self.name, generation, streams),
            )
        return [row["stream"] for row in found]

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
            await self._write_envelopes(generation, stream, envelopes)
        except DependencyUnavailable as error:
            if isinstance(error, KeyUnusable):
                raise Parking(first, str(error)) from error
            raise
        except Exception as error:  # refused by the items' store: too large, or a hole
            raise Parking(first, f"{type(error).__name__}: {error}") from error

    async def _write_envelopes(self, generation: int, stream: str, envelopes: Sequence[Envelope]) -> None:
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

    async def _sealed(self, stream: str, changes: Changes) -> SessionChange:
        if user := changes.session.get("user"):
            changes.session["user"] = await self._users.pseudonym(StreamId.parse(stream).tenant, str(user))
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


def _few(envelopes: Sequence[Envelope]) -> tuple[Sequence[Envelope], Changes]:
    """As many of these facts as one write takes, and what they change."""
    few = envelopes[:MOST_AT_ONCE]
    changes = changes_of(few)
    while len(few) > 1 and changes.size > WRITE_BYTES:
        few = few[: len(few) // 2]
        changes = changes_of(few)
    return few, changes


async def _park(connection: Connection, name: str, generation: int, lane: int, parking: Parking) -> None:
    fact = parking.fact
    await connection.execute(
        "INSERT INTO projections.parked_events (name, generation, stream, lane, position, version, topic, error)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (name, generation, fact.stream, lane, fact.position, fact.version, fact.topic, parking.reason[:500]),
    )
