"""The session view: an item a session and one a turn in DynamoDB, sealed with the session's key, written once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import structlog

from application.clock import monotonic
from application.failure_classes import POISON, class_of
from application.ports.facts.event_store import ErasableLog, Recorded
from application.ports.facts.keys import Sealer
from application.ports.sessions.session_items import SessionItems
from application.users import Users
from domain.event import StreamId
from domain.ids import MAX_POSITION
from projections.fingerprints import sum_of, table_fingerprint
from projections.parked_sessions import ParkedSessions, SessionsAside
from projections.read_model import Effect
from projections.sealed_items import unsealed
from projections.session_words import WORDS, SessionWords, Words
from projections.session_writer import SessionWriter
from projections.transactions import Connection, Pool

RESUME_S = 2.0

log = structlog.get_logger()


class SessionView:
    """The read model `session_view`: items, and the words that sessions are found by. A session whose facts cannot be
    applied is parked; the others go on. Users stand in it by pseudonym, also those whom older facts name."""

    name, layout = "session_view", 6

    def __init__(
        self,
        store: ErasableLog,
        pool: Pool,
        items: SessionItems,
        sealer: Sealer,
        users: Users,
        *,
        parked: SessionsAside | None = None,
        words: Words | None = None,
    ) -> None:
        self._store, self._pool, self._items, self._sealer = store, pool, items, sealer
        self._writer = SessionWriter(store, items, sealer, users)
        self._parked = parked or ParkedSessions(pool, self.name)
        self._words = words or SessionWords(pool, sealer, users)

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
        for stream in await self._parked.among(generation, list(sessions)):
            del sessions[stream]
        if sessions:
            await self._store.unlock(list(sessions))
        written, parked = await self._writer.write_all(generation, sessions)
        words = await self._words.changes(generation, written)

        async def effect(connection: Connection) -> None:
            await self._words.keep(connection, generation, words)
            for parking in parked:
                await self._parked.park(connection, generation, lane, parking)

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
        found = await self._parked.to_try(generation, lane)
        until = monotonic() + RESUME_S
        for row in found:
            if monotonic() > until:
                break  # the others have waited long enough
            try:
                async for envelopes in self._store.slices(row["stream"], after=row["version"] - 1, upto=MAX_POSITION):
                    await self._writer.write(generation, row["stream"], envelopes)
                    await self._words.note(generation, {row["stream"]: envelopes})
            except Exception as error:  # still not readable: it stays parked, as the table and the alarm say
                if class_of(error) is not POISON:
                    raise
                log.error("session_still_parked", stream=row["stream"], error=type(error).__name__)
                outcome = type(error).__name__
            else:
                outcome = "done"
            await self._parked.tried(generation, row, outcome)
