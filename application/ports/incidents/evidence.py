"""The facts of a session as the audit log has them, for the evidence of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec


class AuditedFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact with the bytes of its leaf and their hash (RFC 6962), and what it says: None when its key is gone."""

    position: int
    stream: str
    version: int
    kind: str
    at: datetime
    actor: str
    leaf: bytes
    leaf_hash: bytes
    data: dict[str, Any] | None


class EvidenceSource(Protocol):
    """Reads them."""

    async def facts(self, tenant: str, session_id: str, upto: int) -> list[AuditedFact] | None:
        """The latest facts of the session up to that version, in order and within bounds; None while the audit log has
        not come so far."""
        ...
