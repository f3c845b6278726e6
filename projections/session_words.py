"""The part of the session view by which sessions are found: keyed words of titles and of what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from psycopg.sql import SQL, Composed, Identifier

from application.pauses import Pauses
from application.ports.facts.keys import Sealer
from application.users import Users
from domain.event import Envelope, Event, StreamId
from domain.refusals import NotFound
from domain.session import events as e
from projections.session_terms import KEY, numbers_of, text_terms, title_terms
from projections.tenant_tables import create_tenant_table, drop_table, show
from projections.transactions import Connection, Pool, rows, writing

WORDS = "session_words"

# A row a session (its part is empty, its words are the title's), and a row a turn.
COLUMNS = """
  tenant text NOT NULL, owner text NOT NULL, part text NOT NULL, session_id text NOT NULL,
  chosen boolean NOT NULL, words bigint[] NOT NULL, PRIMARY KEY (tenant, session_id, part)"""
INDEXES = [("tenant", "owner", "part", "session_id"), ("tenant", "owner", "session_id")]

# Whatever comes again changes nothing: words of a turn add up, a title is replaced but for one that its user chose.
OPEN = "INSERT INTO {table} VALUES (%(tenant)s, %(owner)s, '', %(id)s, false, '{{}}') ON CONFLICT DO NOTHING"
TITLE = """
UPDATE {table} SET words = %(words)s, chosen = %(chosen)s
WHERE tenant = %(tenant)s AND session_id = %(id)s AND part = '' AND (%(chosen)s OR NOT chosen)"""
SAY = """
INSERT INTO {table} AS old VALUES (%(tenant)s, %(owner)s, %(part)s, %(id)s, false, %(words)s)
ON CONFLICT (tenant, session_id, part)
DO UPDATE SET words = ARRAY(SELECT DISTINCT unnest(old.words || excluded.words) ORDER BY 1)"""
ERASE = "DELETE FROM {table} WHERE tenant = %(tenant)s AND session_id = %(id)s"
OWNERS = """
SELECT o.tenant, o.session_id, o.owner FROM {table} AS o
JOIN unnest(%(tenants)s::text[], %(ids)s::text[]) AS asked(tenant, id) ON o.tenant = asked.tenant AND session_id = id
WHERE part = ''"""


IN_ORDER = (OPEN, TITLE, SAY, ERASE)
"""Of the statements of one batch: those of a session that is erased in it are its erasure alone."""

WordChanges = dict[str, list[dict[str, Any]]]
"""By statement, what each is to say."""


class Words(Protocol):
    """What a session view knows of the words in its sessions."""

    async def changes(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> WordChanges:
        """What these facts of sessions change."""
        ...

    async def keep(self, connection: Connection, generation: int, changes: WordChanges) -> None:
        """Make the changes."""
        ...

    async def note(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> None:
        """Both, in a transaction of its own."""
        ...


class SessionWords:
    """`Words` in PostgreSQL, keyed with the user's own key, which is made of the tenant's: nobody else's words are the
    same numbers."""

    def __init__(self, pool: Pool, sealer: Sealer, users: Users) -> None:
        self._pool, self._sealer, self._users, self._pauses = pool, sealer, users, Pauses()

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await create_tenant_table(connection, WORDS, generation, COLUMNS, INDEXES)

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await show(connection, WORDS, generation)

    @staticmethod
    async def drop(connection: Connection, generation: int) -> None:
        """See `ReadModel`."""
        await drop_table(connection, WORDS, generation)

    async def changes(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> WordChanges:
        """See `Words`."""
        owners = await self._owners(generation, told)
        found: WordChanges = defaultdict(list)
        for stream, envelopes in told.items():
            id = StreamId.parse(stream)
            if any(isinstance(envelope.event, e.SessionErased) for envelope in envelopes):
                found[ERASE].append({"tenant": id.tenant, "id": id.id})
            elif (owner := owners.get(stream)) and (key := await words_key(self._sealer, id.tenant, owner)):
                about = {"tenant": id.tenant, "owner": owner, "id": id.id}
                for envelope in envelopes:
                    await self._pauses.take()
                    for sql, says in _says(key, envelope.event):
                        found[sql].append(about | says)
        return found

    async def keep(self, connection: Connection, generation: int, changes: WordChanges) -> None:
        """See `Words`."""
        async with connection.cursor() as cursor:
            for sql in IN_ORDER:
                if says := changes.get(sql):
                    await cursor.executemany(_into(sql, generation), says)

    async def note(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> None:
        """See `Words`."""
        changes = await self.changes(generation, told)
        async with writing(self._pool) as connection:
            await self.keep(connection, generation, changes)

    async def _owners(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> dict[str, str]:
        """Whose each session is, by its first fact: among these, or long since kept."""
        owners: dict[str, str] = {}
        asked: list[StreamId] = []
        for stream, envelopes in told.items():
            id = StreamId.parse(stream)
            opened = next((env.event for env in envelopes if isinstance(env.event, e.SessionOpened)), None)
            if opened is None:
                asked.append(id)
            else:
                owners[stream] = await self._users.in_facts(id.tenant, opened.user)
        if asked:
            async with writing(self._pool) as connection:
                parameters = {"tenants": [id.tenant for id in asked], "ids": [id.id for id in asked]}
                known = await rows(connection, _into(OWNERS, generation), parameters)
            owners |= {f"{row['tenant']}/session/{row['session_id']}": row["owner"] for row in known}
        return owners


async def words_key(sealer: Sealer, tenant: str, user: str) -> bytes | None:
    """What a user's words are keyed with; None when the tenant is gone, and its keys with it."""
    try:
        return await sealer.digest(tenant, KEY + user.encode())
    except NotFound:
        return None


def _says(key: bytes, event: Event) -> Iterable[tuple[str, dict[str, Any]]]:
    match event:
        case e.SessionOpened():
            yield OPEN, {}
        case e.SessionRenamed():
            yield TITLE, {"words": numbers_of(key, title_terms(event.title)), "chosen": event.chosen}
        case e.TurnStarted() | e.TurnCompleted() | e.TurnCancelled() | e.TurnFailed():
            yield SAY, {"part": event.turn_id, "words": numbers_of(key, text_terms(event.text))}
        case e.TurnCopied():
            words = {*numbers_of(key, text_terms(event.text)), *numbers_of(key, text_terms(event.answer))}
            yield SAY, {"part": event.turn_id, "words": sorted(words)}
        case _:
            pass


def _into(sql: str, generation: int) -> Composed:
    return SQL(sql).format(table=Identifier("projections", f"{WORDS}_{generation}"))
