"""The fact that somebody looked into the audit log."""

from __future__ import annotations

import msgspec

from domain.event import Event, topic


@topic("audit.read.1")
class AuditRead(Event, frozen=True, kw_only=True):
    """An auditor read events after position `after`, and as many more as the list went on; `filters` as they were
    asked."""

    user: str
    after: int = 0
    filters: dict[str, str] = msgspec.field(default_factory=dict)
