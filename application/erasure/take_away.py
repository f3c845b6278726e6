"""Takes away what belongs to a user or a tenant: sessions, files, incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from application.clock import now
from application.documents.delete_document import DeleteDocumentHandler
from application.files.delete_file import DeleteFile
from application.files.kept_bytes import KeptBytes
from application.incidents.evidence import key_of as evidence_of
from application.ports.facts.event_store import ErasableStore, StreamCatalogue
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.live_session import LiveSession, LiveSessions
from application.turns.turn_log import Fenced
from domain.event import Envelope, StreamId
from domain.refusals import Conflict, DocumentNotFound, SessionNotFound
from domain.session.events import SessionErased

T = TypeVar("T")
AT_ONCE = 8
NOTED_AT_ONCE = 200
"""Facts that wait to be stored together."""
ENDS_WITHIN_S = 20.0
"""So long a turn that another process runs may take to its end before its session is refused to go."""


@dataclass(frozen=True, slots=True)
class TakeAway:
    """Done again, each finishes what was cut off."""

    store: ErasableStore
    catalogue: StreamCatalogue
    live: LiveSessions
    erase_session: EraseSessionHandler
    files: DeleteFile
    kept: KeptBytes
    delete_document: DeleteDocumentHandler

    async def sessions(self, tenant: str, ids: Iterable[str], by: str, reason: str) -> int:
        """Erase sessions, whoever's they are, and end the turns that run in them; how many there were.
        `TurnInProgress` when a turn goes on elsewhere."""
        return await _each(ids, lambda id: self._session(StreamId(tenant, "session", id), by, reason))

    async def every_session(self, tenant: str, by: str, reason: str) -> int:
        """Store of all sessions of a tenant that they are erased, and no more: for when everything that they left is
        about to go at once, with the key that all of it was sealed under. How many there were."""
        erased = 0
        async for latest in self.catalogue.latest(tenant, "session"):
            left = [fact for fact in latest if not isinstance(fact.event, SessionErased)]
            erased += await _each(left, lambda fact: self._note_erased(fact, by, reason), NOTED_AT_ONCE)
        return erased

    async def delete_files(self, tenant: str, ids: Iterable[str], by: str, reason: str) -> int:
        """Delete files, whoever's they are."""
        return await _each(ids, lambda id: self.files(tenant, id, reason, by))

    async def documents(self, tenant: str, ids: Iterable[str], by: str) -> int:
        """Delete documents."""
        return await _each(ids, lambda id: self._document(tenant, id, by))

    async def incidents(self, tenant: str, ids: Iterable[str]) -> int:
        """Make what incidents say unreadable; that they were raised stays known."""
        return await _each(ids, lambda id: self._incident(StreamId(tenant, "incident", id)))

    async def _note_erased(self, latest: Envelope, by: str, reason: str) -> None:
        id = StreamId.parse(latest.stream)
        fact = Envelope(
            stream=latest.stream,
            version=latest.version + 1,
            at=now(),
            event=SessionErased(reason=reason),
            actor=by,
            correlation_id=id.id,
        )
        try:
            await self.store.append([fact])
        except Conflict:  # something happened in it just now
            await self._session(id, by, reason)
        self.live.forget(id)

    async def _session(self, id: StreamId, by: str, reason: str) -> None:
        live = await self.live.get(id)
        if live.state.running:
            await _ended(live)
        with suppress(SessionNotFound):  # it was erased before, and is now for certain
            await self.erase_session.take_away(live, by, reason)

    async def _document(self, tenant: str, id: str, by: str) -> None:
        with suppress(DocumentNotFound):  # it was deleted before, or never came to be
            await self.delete_document.take_away(tenant, id, by)

    async def _incident(self, id: StreamId) -> None:
        await self.store.shred(str(id))
        await self.kept.delete(evidence_of(id))


async def _ended(live: LiveSession) -> None:
    """End the turn that runs here; wait for one that runs elsewhere."""
    if live.run is not None:
        with suppress(Fenced):
            await live.run.cancel()
    await live.until(lambda session: session.running is None, ENDS_WITHIN_S)


async def _each(things: Iterable[T], take: Callable[[T], Awaitable[None]], at_once: int = AT_ONCE) -> int:
    """How many there were. What one of them raises is raised when all others are done."""
    places = asyncio.Semaphore(at_once)

    async def one(thing: T) -> None:
        async with places:
            await take(thing)

    ended = await asyncio.gather(*map(one, things), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
    return len(ended)
