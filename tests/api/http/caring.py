"""A server's app over one event store in memory, and sessions that are written into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from api.services import Services
from application.clock import new_id, now
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tenants.cached_tenants import CachedTenants
from application.tenants.note_audit_read import NoteAuditReadHandler
from domain.event import Envelope, Event, StreamId
from domain.session import events as e
from tests.api.harness import TENANT, asgi, bearer, make_services
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.small_ports import NoTail


class CountingStore(InMemoryEventStore):
    """Counts the facts that it was asked for."""

    told = 0

    async def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        async for facts in super().slices(stream, after=after, upto=upto):
            self.told += len(facts)
            yield facts


class Caring:
    """A server's app over one store in memory, and sessions written into it."""

    def __init__(self) -> None:
        self.store = CountingStore()
        tenants = CachedTenants(self.store)
        self.sessions = LiveSessions(self.store, NoTail())
        self.services: Services = make_services(
            store=self.store,
            live=self.sessions,
            note_audit_read=NoteAuditReadHandler(self.store),
            open_session=OpenSessionHandler(self.sessions, tenants),
            rename_session=RenameSessionHandler(),
            fork_session=ForkSessionHandler(self.store, self.sessions, tenants),
        )
        self.client = httpx.AsyncClient(transport=asgi(self.services), base_url="http://colloquy")

    async def ask(self, method: str, path: str, *, tenant: str = TENANT, user: str = "ada", **more: Any) -> Any:
        headers = bearer(self.services, [more.pop("role", "member")], tenant, user)
        return await self.client.request(method, f"/v1/sessions/{path}", headers=headers, **more)

    async def session(self, *facts: Event, user: str = "ada") -> str:
        id = new_id()
        told = [e.SessionOpened(user=user, assistant="default"), *facts]
        await self.write(id, *told)
        return id

    async def live(self, id: str) -> LiveSession:
        return await self.sessions.get(StreamId(TENANT, "session", id))

    async def write(self, id: str, *facts: Event, kind: str = "session") -> None:
        stream = f"{TENANT}/{kind}/{id}"
        last = sum(fact.stream == stream for fact in self.store.log)
        envelopes = [Envelope(stream=stream, version=last + n, at=now(), event=f) for n, f in enumerate(facts, 1)]
        await self.store.append(envelopes)


def said(number: int, **more: Any) -> list[Event]:
    """A turn that was answered."""
    id = new_id()
    return [
        e.TurnStarted(turn_id=id, client_id=f"c{number}", text=f"What is {number}?\nAnd why?"),
        e.TurnCompleted(turn_id=id, text=f"It is {number} [1].", model="sonnet", **more),
    ]
