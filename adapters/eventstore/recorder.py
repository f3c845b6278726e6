"""The library's PostgreSQL recorder with one statement an append, its lock held on the server only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.sql import SQL, Identifier

from application.ports.event_store import Recorded

STARTS = ("turn.started.", "turn.resumed.")
ENDS = ("turn.completed.", "turn.cancelled.", "turn.failed.")


class NewKey(msgspec.Struct, frozen=True):
    """A stream's first key, wrapped, to be stored with its first facts."""

    stream: str
    wrapped: bytes


class LaneRecorder(PostgresApplicationRecorder):
    """One lane's table. Reads are the library's, or by position; writes go through the lane's append function."""

    def __init__(self, datastore: PostgresDatastore, lane: int, owner: str, lease_s: float) -> None:
        super().__init__(datastore, events_table_name=f"events_{lane}")
        self._owner, self._lease_s = owner, lease_s
        names = {"fn": Identifier(f"events_{lane}_append"), "table": Identifier(f"events_{lane}")}
        self._append = SQL(
            "SELECT public.{fn}(%b::text[], %b::int8[], %b::text[], %b::bytea[], %b::text[], %b::text[], %s, %s,"
            " %b::text[], %b::bytea[]) AS id"
        ).format(**names)
        self._find = SQL(
            "SELECT originator_version, topic, state, notification_id FROM {table}"
            " WHERE originator_id = %s AND originator_version BETWEEN %s AND %s ORDER BY 1"
        ).format(**names)
        self._log = SQL(
            "SELECT notification_id, originator_id, originator_version, topic, state,"
            " (SELECT max(notification_id) FROM {table} WHERE notification_id <= %s) AS before"
            " FROM {table} WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
        ).format(**names)
        self._stream = SQL(
            "SELECT originator_version, topic, state, notification_id FROM {table}"
            " WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s ORDER BY 1"
        ).format(**names)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Store a batch in one transaction and give the positions. Not retried here: an unknown outcome is decided by
        `already_stored`."""
        keys: Sequence[NewKey] = kwargs.get("keys", ())
        starting = list({e.originator_id for e in stored_events if e.topic.startswith(STARTS)})
        ending = list({e.originator_id for e in stored_events if e.topic.startswith(ENDS)})
        arguments = (
            [e.originator_id for e in stored_events],
            [e.originator_version for e in stored_events],
            [e.topic for e in stored_events],
            [e.state for e in stored_events],
            starting,
            ending,
            self._owner,
            self._lease_s,
            [key.stream for key in keys],
            [key.wrapped for key in keys],
        )
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            cursor.execute(self._append, arguments, prepare=True)
            return [row["id"] for row in cursor.fetchall()]

    def already_stored(self, events: Sequence[StoredEvent]) -> list[int] | None:
        """The positions of one stream's events if exactly these bytes are there, else None."""
        first, last = events[0], events[-1]
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            rows = cursor.execute(
                self._find, (first.originator_id, first.originator_version, last.originator_version)
            ).fetchall()
        found = [(row["originator_version"], row["topic"], bytes(row["state"])) for row in rows]
        if found != [(e.originator_version, e.topic, e.state) for e in events]:
            return None
        return [row["notification_id"] for row in rows]

    def read_stream(self, stream: str, after: int, upto: int) -> list[tuple[int, str, bytes, int]]:
        """(version, topic, state, position) with `after < version <= upto`, in order."""
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            rows = cursor.execute(self._stream, (stream, after, upto), prepare=True).fetchall()
        return [(r["originator_version"], r["topic"], bytes(r["state"]), r["notification_id"]) for r in rows]

    def read_log(self, after: int, limit: int) -> list[Recorded]:
        """The lane's events after a position, each with the position before it."""
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            rows = cursor.execute(self._log, (after, after, limit), prepare=True).fetchall()
        previous, recorded = (rows[0]["before"] or 0) if rows else 0, []
        for row in rows:
            position = row["notification_id"]
            recorded.append(
                Recorded(
                    position,
                    previous,
                    row["originator_id"],
                    row["originator_version"],
                    row["topic"],
                    bytes(row["state"]),
                )
            )
            previous = position
        return recorded
