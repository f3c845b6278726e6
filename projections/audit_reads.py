"""What auditors read: a tenant's facts in order, opened as far as their keys are still there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog
from psycopg.sql import SQL, Composed, Literal

from application.ports.facts.event_store import OpenedLog, Recorded
from domain.event import Shredded, Unknown
from projections.audit import read_leaf
from projections.lag import lag_events
from projections.transactions import Pool, Row, reading, rows

PAGE_BYTES = 1024 * 1024
"""Of facts on a page, as they are stored: the last may go beyond."""
EVENTS = """
SELECT * FROM (
SELECT *, count(*) OVER () AS found,
  sum(octet_length(leaf)) OVER (ORDER BY position {order}) - octet_length(leaf) AS before
FROM (SELECT * FROM ({parts}) AS any_part ORDER BY position {order} LIMIT %(limit)s + 1) AS few) AS sized
WHERE before < %(size)s ORDER BY position {order} LIMIT %(limit)s"""
PART = """
(SELECT position, stream, version, topic AS kind, at, actor, correlation_id, causation_id, leaf, leaf_hash
FROM projections.audit_events
WHERE tenant = %(tenant)s AND position > %(after)s AND position <= %(upto)s AND {conditions}
ORDER BY position {order} LIMIT %(limit)s + 1)"""
FIRST = """
SELECT position, stream, version, leaf, leaf_hash FROM projections.audit_events
WHERE tenant = %(tenant)s AND stream = ANY (%(streams)s) AND version = 1"""
CONDITIONS = {
    "stream": SQL("stream = %(stream)s"),
    "kind": SQL("topic = %(kind)s"),
    "correlation": SQL("correlation_id = %(correlation)s"),
    "since": SQL("at >= %(since)s"),
    "until": SQL("at < %(until)s"),
}
# Times nearly rise with positions, and nothing says that they do: where a range of time lies is asked of its index.
# Counting keeps the database from looking for the least of them along the log.
STRETCH = """
SELECT coalesce(min(position), 0) AS first, coalesce(max(position), 0) AS last, count(*)
FROM projections.audit_events
WHERE tenant = %(tenant)s AND position > %(after)s AND position <= %(upto)s AND {conditions}"""

SIZE = "SELECT size FROM projections.audit_trees WHERE tenant = %(tenant)s"
LAST = "SELECT coalesce(max(position), 0) AS position FROM projections.audit_events WHERE tenant = %(tenant)s"

log = structlog.get_logger()


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which facts are asked for; None is any. `actors` are one by all that it was ever stored as, the pseudonym first;
    none are any."""

    session: str | None = None
    actors: tuple[str, ...] = ()
    kind: str | None = None
    correlation: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def shown(self) -> dict[str, str]:
        """The filters that were set, as text."""
        fields = msgspec.structs.asdict(self) | {"actors": None, "actor": self.actors[0] if self.actors else None}
        return {name: str(value) for name, value in fields.items() if value is not None}


class AuditReads:
    """Queries on the live generation of `audit`, each seeing one tenant."""

    def __init__(self, pool: Pool, store: OpenedLog) -> None:
        self._pool, self._store = pool, store

    async def last(self, tenant: str) -> int:
        """The position of the tenant's latest audited fact; 0 before the first. A list that goes no further than this
        ends, although each page that is read adds a fact."""
        async with reading(self._pool, tenant) as connection:
            found = await rows(connection, LAST, {"tenant": tenant})
        return int(found[0]["position"])

    async def state(self, tenant: str) -> Row:
        """How many facts are in the tenant's log, the position of the last, and how many positions it is behind."""
        async with reading(self._pool, tenant) as connection:
            sizes = await rows(connection, SIZE, {"tenant": tenant})
            last = await rows(connection, LAST, {"tenant": tenant})
        behind = (await lag_events(self._pool, self._store)).get("audit", 0)
        size = sizes[0]["size"] if sizes else 0
        return {"events": size, "last_position": last[0]["position"], "lag_events": behind}

    async def events(
        self, tenant: str, asked: AuditFilter, *, after: int, upto: int, limit: int, newest: bool = False
    ) -> tuple[list[Row], bool]:
        """A page of facts between two positions, the oldest or the newest first, and whether there are more; `data` is
        opened (None where the key is gone, the bytes are damaged, or a newer program told it), `leaf_hash` in hex."""
        parameters = {
            **msgspec.structs.asdict(asked),
            "tenant": tenant,
            "stream": f"{tenant}/session/{asked.session}" if asked.session else None,
            "after": after,
            "upto": upto,
            "limit": limit,
            "size": PAGE_BYTES,
        }
        query = _events(asked, parameters, newest=newest)
        async with reading(self._pool, tenant) as connection:
            if asked.since or asked.until:
                (lies,) = await rows(connection, _stretch(asked), parameters)
                parameters |= {"after": lies["first"] - 1, "upto": lies["last"]}
            found = await rows(connection, query, parameters)
        await self._store.unlock([row["stream"] for row in found])
        more = bool(found) and found[0]["found"] > len(found)
        return [self._opened(row) for row in found], more

    async def assistants(self, tenant: str, streams: Collection[str]) -> dict[str, str]:
        """Of sessions, by their streams: which assistant each talks to, as its first fact says."""
        async with reading(self._pool, tenant) as connection:
            found = await rows(connection, FIRST, {"tenant": tenant, "streams": list(streams)})
        said = {row["stream"]: self._opened(row)["data"] or {} for row in found}
        return {stream: data["assistant"] for stream, data in said.items() if "assistant" in data}

    def _opened(self, row: Row) -> Row:
        leaf = read_leaf(bytes(row.pop("leaf")))
        recorded = Recorded(leaf.position, 0, leaf.stream, leaf.version, leaf.topic, leaf.state)
        data: dict[str, Any] | None = None
        try:
            event = self._store.open(recorded).event
        except Exception as error:  # damage is for `audit verify` to name; the log is shown all the same
            log.error("audited_fact_unreadable", position=leaf.position, error=type(error).__name__)
        else:
            if not isinstance(event, Shredded | Unknown):
                # Every field, also those that are stored only when they differ from their default.
                data = {name: msgspec.to_builtins(value) for name, value in msgspec.structs.asdict(event).items()}
        return {name: value for name, value in row.items() if name not in ("found", "before")} | {
            "data": data,
            "leaf_hash": bytes(row["leaf_hash"]).hex(),
        }


def _events(asked: AuditFilter, given: Mapping[str, Any], *, newest: bool) -> Composed:
    """The query for a page, with only the conditions that are `given`, so that the index of each is used; of several
    spellings of an actor each has its own part, for one index scan in order serves only one of them."""
    narrowed = [condition for name, condition in CONDITIONS.items() if given[name] is not None]
    order = SQL("DESC" if newest else "ASC")
    parts = [
        SQL(PART).format(order=order, conditions=SQL(" AND ").join([*narrowed, whose]))
        for whose in (SQL("actor = {}").format(Literal(actor)) for actor in dict.fromkeys(asked.actors))
    ] or [SQL(PART).format(order=order, conditions=SQL(" AND ").join([*narrowed, SQL("true")]))]
    return SQL(EVENTS).format(parts=SQL(" UNION ALL ").join(parts), order=order)


def _stretch(asked: AuditFilter) -> Composed:
    times = [CONDITIONS[name] for name in ("since", "until") if getattr(asked, name)]
    return SQL(STRETCH).format(conditions=SQL(" AND ").join(times))
