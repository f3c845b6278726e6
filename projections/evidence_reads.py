"""The facts of a session out of the audit log, with their leaves: what the evidence of an incident is made of."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from application.ports.facts.event_store import OpenedLog, Recorded
from application.ports.incidents.evidence import AuditedFact
from domain.event import Shredded, Unknown
from projections.audit import read_leaf
from projections.transactions import Pool, Row, reading, rows

MOST_FACTS, MOST_BYTES = 2_000, 8 * 1024 * 1024
"""The latest of a session that are laid down, by number and by the bytes of their leaves."""
REACHED = """
SELECT coalesce(max(version), 0) AS version FROM projections.audit_events
WHERE tenant = %(tenant)s AND stream = %(stream)s AND version >= %(upto)s"""
FACTS = """
SELECT * FROM (
SELECT *, sum(octet_length(leaf)) OVER (ORDER BY position DESC) AS so_far FROM (
SELECT position, stream, version, topic AS kind, at, actor, leaf, leaf_hash FROM projections.audit_events
WHERE tenant = %(tenant)s AND stream = %(stream)s AND version <= %(upto)s
ORDER BY position DESC LIMIT %(limit)s) AS latest) AS sized
WHERE so_far <= %(bytes)s ORDER BY position"""
log = structlog.get_logger()


class EvidenceReads:
    """See `application.ports.incidents.evidence.EvidenceSource`."""

    def __init__(self, pool: Pool, store: OpenedLog) -> None:
        self._pool, self._store = pool, store

    async def facts(self, tenant: str, session_id: str, upto: int) -> list[AuditedFact] | None:
        """See the port."""
        asked = {
            "tenant": tenant,
            "stream": f"{tenant}/session/{session_id}",
            "upto": upto,
            "limit": MOST_FACTS,
            "bytes": MOST_BYTES,
        }
        async with reading(self._pool, tenant) as connection:
            (reached,) = await rows(connection, REACHED, asked)
            if reached["version"] < upto:
                return None
            found = await rows(connection, FACTS, asked)
        await self._store.unlock([str(asked["stream"])])
        return [self._fact(row) for row in found]

    def _fact(self, row: Row) -> AuditedFact:
        leaf = bytes(row["leaf"])
        return AuditedFact(
            position=row["position"],
            stream=row["stream"],
            version=row["version"],
            kind=row["kind"],
            at=row["at"],
            actor=row["actor"],
            leaf=leaf,
            leaf_hash=bytes(row["leaf_hash"]),
            data=self._said(leaf),
        )

    def _said(self, leaf: bytes) -> dict[str, Any] | None:
        told = read_leaf(leaf)
        recorded = Recorded(told.position, 0, told.stream, told.version, told.topic, told.state)
        try:
            event = self._store.open(recorded).event
        except Exception as error:  # damage is for `audit verify` to name; what is there is laid down all the same
            log.error("evidence_unreadable", position=told.position, error=type(error).__name__)
            return None
        return None if isinstance(event, Shredded | Unknown) else msgspec.to_builtins(event)
