"""What every erasure ends with: keys that are gone in all copies, and a receipt that is itself a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from application.clock import new_id, now, rfc3339
from application.execute import FACTS, Context, LoadedAggregate
from application.ports.facts.event_store import EventStore
from application.shredding import FinishShredding
from domain.erasures import Erasable, ErasureCompleted, Reason
from domain.event import StreamId
from domain.refusals import DependencyUnavailable


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """`taken` counts what went by kind. `final`: in copies of the database too; else it is within minutes of the key
    service and the object store being back."""

    erasure_id: str
    what: Erasable
    subject: str
    taken: dict[str, int]
    final: bool
    at: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """Each receipt has a stream of its own, in the tenant that it is about."""

    store: EventStore
    finish: FinishShredding

    async def __call__(
        self, tenant: str, what: Erasable, subject: str, taken: Mapping[str, int], *, by: str, reason: Reason = "asked"
    ) -> Receipt:
        """End an erasure whose keys are shredded: make it final, and store that it was done."""
        try:
            await self.finish(tenant)
            final = True
        except DependencyUnavailable:
            final = False  # it is due, and done by whoever looks after that
        return await self.note(tenant, what, subject, taken, by=by, reason=reason, final=final)

    async def note(
        self,
        tenant: str,
        what: Erasable,
        subject: str,
        taken: Mapping[str, int],
        *,
        by: str,
        reason: Reason,
        final: bool,
    ) -> Receipt:
        """Store that it was done."""
        fact = ErasureCompleted(what=what, subject=subject, reason=reason, taken=dict(taken), final=final)
        stream, at = StreamId(tenant, "erasure", new_id()), now()
        await LoadedAggregate(self.store, str(stream), FACTS).append([fact], Context(by, subject))
        return Receipt(erasure_id=stream.id, what=what, subject=subject, taken=fact.taken, final=final, at=rfc3339(at))
