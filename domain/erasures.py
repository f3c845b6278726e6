"""The fact that something was erased: a receipt without a word of what it was, nor of whom."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.event import Event, topic

Erasable = Literal["session", "user", "document", "tenant", "expired"]
Reason = Literal["asked", "retention"]


@topic("erasure.completed.1")
class ErasureCompleted(Event, frozen=True, kw_only=True):
    """`subject` is an id, of a user the pseudonym, of what has expired the tenant's; `taken` counts what went with it
    by kind. `final` says that the keys were destroyed in all copies too, else that is still to come."""

    what: Erasable
    subject: str
    reason: Reason = "asked"
    taken: dict[str, int] = msgspec.field(default_factory=dict)
    final: bool = True
