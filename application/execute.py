"""Load, decide, append: the only place that knows this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from application.clock import now
from application.ports.facts.event_store import EventStore
from domain.document import state as document_state
from domain.event import Envelope, Event
from domain.file import state as file_state
from domain.incident import state as incident_state
from domain.refusals import Conflict
from domain.session.evolve import evolve as evolve_session
from domain.session.state import Session
from domain.tenant import state as tenant_state

S = TypeVar("S")
ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """A kind of stream: the state before its first fact, and how each fact changes it."""

    initial: Callable[[], S]
    evolve: Callable[[S, Event], S]


SESSION = Aggregate(Session, evolve_session)
TENANT = Aggregate(tenant_state.Tenant, tenant_state.evolve)
DOCUMENT = Aggregate(document_state.Document, document_state.evolve)
FILE = Aggregate(file_state.File, file_state.evolve)
INCIDENT = Aggregate(incident_state.Incident, incident_state.evolve)

FACTS: Aggregate[None] = Aggregate(lambda: None, lambda nothing, _: nothing)
"""A stream of facts on which nothing is decided."""


class Context(msgspec.Struct, frozen=True):
    """Who caused a command (`actor`: a user's pseudonym, or the part of the system), and what it belongs to and follows
    from: a command of a client's stands as a keyed hash of its id."""

    actor: str
    correlation_id: str = ""
    causation_id: str = ""


class LoadedAggregate(Generic[S]):
    """An aggregate held in memory with its version: appended to without being loaded again."""

    def __init__(self, store: EventStore, stream: str, aggregate: Aggregate[S]) -> None:
        self._store, self.stream, self._aggregate = store, stream, aggregate
        self.state, self.version = aggregate.initial(), 0

    async def catch_up(self) -> None:
        """Apply what has been stored since; from the start when nothing is held yet."""
        async for envelopes in self._store.slices(self.stream, after=self.version):
            for envelope in envelopes:
                self.state = self._aggregate.evolve(self.state, envelope.event)
                self.version = envelope.version

    async def append(self, events: Sequence[Event], context: Context) -> None:
        """Store facts after the held version and apply them; `Conflict` when somebody else wrote first."""
        at = now()
        envelopes = [
            Envelope(
                stream=self.stream,
                version=self.version + number,
                at=at,
                event=event,
                actor=context.actor,
                correlation_id=context.correlation_id,
                causation_id=context.causation_id,
            )
            for number, event in enumerate(events, 1)
        ]
        await self._store.append(envelopes)
        for event in events:
            self.state = self._aggregate.evolve(self.state, event)
        self.version += len(events)

    async def execute(self, rule: Callable[[S], Sequence[Event]], context: Context) -> Sequence[Event]:
        """Decide on what is held and append; after a conflict catch up and decide again. The facts that were stored."""
        for _ in range(ATTEMPTS):
            events = rule(self.state)
            if not events:
                return events
            try:
                await self.append(events, context)
            except Conflict:
                await self.catch_up()
            else:
                return events
        raise Conflict


async def execute(
    store: EventStore, stream: str, aggregate: Aggregate[S], rule: Callable[[S], Sequence[Event]], context: Context
) -> LoadedAggregate[S]:
    """Load an aggregate, let `rule` decide, append what follows; the aggregate as it is afterwards."""
    held = LoadedAggregate(store, stream, aggregate)
    await held.catch_up()
    await held.execute(rule, context)
    return held
