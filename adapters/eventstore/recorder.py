"""The library's PostgreSQL recorder with one statement an append, its lock held on the server only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from adapters.database_transactions import SEE_TENANT
from adapters.eventstore.keyring import NewKey
from application.ports.facts.event_store import LOG_BYTES, Recorded

STARTS = ("turn.started.", "turn.resumed.", "turn.follow_up_due.")
SLICE_FACTS = 500
SLICE_BYTES = 4 * 1024 * 1024
"""Of a stream at a time: the last fact may go beyond."""
ENDS = ("turn.completed.", "turn.cancelled.", "turn.failed.", "turn.followed_up.")

APPEND = """
    SELECT public.{append}(
      %b::text[], %b::text[], %b::int8[], %b::text[], %b::bytea[],
      %b::text[], %b::text[], %s, %s, %b::text[], %b::bytea[])"""
STREAM = """
    SELECT originator_version, topic, state, notification_id FROM public.{table}
    WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s ORDER BY 1"""
SLICE = """
    SELECT originator_version, topic, state, notification_id FROM (
      SELECT *, sum(octet_length(state)) OVER (ORDER BY originator_version) - octet_length(state) AS before FROM (
        SELECT originator_version, topic, state, notification_id FROM public.{table}
        WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s
        ORDER BY originator_version LIMIT %s) AS few) AS sized
    WHERE before < %s ORDER BY 1"""
LOG = """
    SELECT notification_id, originator_id, originator_version, topic, state,
      (SELECT max(notification_id) FROM public.{table} WHERE notification_id <= %s)
    FROM (
      SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id) - octet_length(state) AS before FROM (
        SELECT notification_id, originator_id, originator_version, topic, state FROM public.{table}
        WHERE notification_id > %s ORDER BY notification_id LIMIT %s) AS few) AS sized
    WHERE before < %s ORDER BY 1"""
PLACES = """
    SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state
    FROM unnest(%s::text[], %s::int8[]) AS asked(stream, version)
    JOIN public.{table} AS e ON e.originator_id = asked.stream AND e.originator_version = asked.version ORDER BY 1"""
KEY = "SELECT wrapped FROM public.stream_keys WHERE stream = %s"
HEAD = "SELECT public.lane_head(%s)"


class Datastores(NamedTuple):
    """The library's pools, each with a login of its own; a process that answers people has no `log`."""

    writer: PostgresDatastore
    streams: PostgresDatastore
    log: PostgresDatastore | None


class LaneRecorder(PostgresApplicationRecorder):
    """One lane's table. Writes go through the lane's append function, as the writer; a stream is read as its tenant,
    the log as the worker, in processes that have one. The library's own readers see nothing: they name no tenant."""

    def __init__(self, stores: Datastores, lane: int, owner: str, lease_s: float) -> None:
        super().__init__(stores.writer, events_table_name=f"events_{lane}")
        self._stores, self._lane, self._owner, self._lease_s = stores, lane, owner, lease_s
        names = {"append": Identifier(f"events_{lane}_append"), "table": Identifier(f"events_{lane}")}
        self._append, self._stream = SQL(APPEND).format(**names), SQL(STREAM).format(**names)
        self._slice, self._log = SQL(SLICE).format(**names), SQL(LOG).format(**names)
        self._places = SQL(PLACES).format(**names)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Store a batch and its streams' `keys` in one transaction and give the positions. `tenants` says of each event
        for whom its caller acts. The library's IntegrityError when a stream does not end where its events begin, its
        ProgrammingError when a stream is another tenant's. Not retried here: see `already_stored`."""
        keys: Sequence[NewKey] = kwargs.get("keys", ())
        tenants: Sequence[str] = kwargs["tenants"]
        starting, ending = turns_of(stored_events)
        arguments = (
            list(tenants),
            [event.originator_id for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
            starting,
            ending,
            self._owner,
            self._lease_s,
            [key.stream for key in keys],
            [key.wrapped for key in keys],
        )
        with self.datastore.get_connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(self._append, arguments, prepare=True)
            return [position for (position,) in cursor]

    def already_stored(self, acting: str, events: Sequence[StoredEvent], keys: Sequence[NewKey]) -> list[int] | None:
        """The positions of one stream's events if exactly these bytes and this key are there, else None: whether an
        append whose acknowledgement was lost took place."""
        stream, before = str(events[0].originator_id), events[0].originator_version - 1
        with self._seeing(acting) as cursor:
            rows = cursor.execute(self._stream, (stream, before, events[-1].originator_version)).fetchall()
            wrapped = cursor.execute(KEY, (stream,)).fetchone()
        if keys and (keys[0].wrapped,) != wrapped:
            return None
        if [row[:3] for row in rows] != [(event.originator_version, event.topic, event.state) for event in events]:
            return None
        return [row[3] for row in rows]

    def read_slice(
        self, acting: str, stream: str, after: int, upto: int
    ) -> tuple[list[tuple[int, str, bytes, int]], bool]:
        """(version, topic, state, position) with `after < version <= upto`, in order, as many as make a slice; and
        whether there may be more."""
        with self._seeing(acting) as cursor:
            cursor.execute(self._slice, (stream, after, upto, SLICE_FACTS, SLICE_BYTES), prepare=True)
            rows = cursor.fetchall()
        return rows, len(rows) == SLICE_FACTS or sum(len(row[2]) for row in rows) >= SLICE_BYTES

    def read_places(self, acting: str, places: Sequence[tuple[str, int]]) -> list[Recorded]:
        """Events by stream and version, those that are there, in the order of the log."""
        streams, versions = [stream for stream, _ in places], [version for _, version in places]
        with self._seeing(acting) as cursor:
            rows = cursor.execute(self._places, (streams, versions), prepare=True).fetchall()
        return [Recorded(position, 0, *rest) for position, *rest in rows]

    def read_log(self, after: int, limit: int) -> list[Recorded]:
        """The lane's events after a position, each with the position before it."""
        if self._stores.log is None:
            raise RuntimeError("a process that answers people does not read the log")
        with self._stores.log.get_connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(self._log, (after, after, limit, LOG_BYTES), prepare=True).fetchall()
        previous = (rows[0][5] or 0) if rows else 0
        recorded = []
        for position, stream, version, topic, state, _ in rows:
            recorded.append(Recorded(position, previous, stream, version, topic, state))
            previous = position
        return recorded

    def read_head(self) -> int:
        """The last position; 0 when there is none."""
        with self._stores.streams.get_connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            [(head,)] = cursor.execute(HEAD, (self._lane,), prepare=True).fetchall()
            return int(head)

    def mend(self, *, anew: bool = False) -> None:
        """Replace the connections that broke, so that trying again does not meet one after the other; or all of them
        (`anew`), whatever they say of themselves."""
        for store in self._stores:
            if store is not None and not store.pool.closed:
                store.pool.drain() if anew else store.pool.check()

    @contextmanager
    def _seeing(self, tenant: str) -> Iterator[Cursor[Any]]:
        """A transaction, in as few round trips as can be, that sees one tenant."""
        with (
            self._stores.streams.get_connection() as connection,
            connection.pipeline(),
            connection.transaction(),
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            cursor.execute(SEE_TENANT, (tenant,))
            yield cursor


def turns_of(events: Sequence[StoredEvent]) -> tuple[list[str], list[str]]:
    """The streams in which a turn runs after these events, and those in which none does any more: the last word of
    each counts."""
    runs = {
        str(event.originator_id): event.topic.startswith(STARTS)
        for event in events
        if event.topic.startswith(STARTS + ENDS)
    }
    return [stream for stream, running in runs.items() if running], [s for s, running in runs.items() if not running]
