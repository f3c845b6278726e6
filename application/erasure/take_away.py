"""Takes away what belongs to a user or a tenant: sessions, files, incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from application.documents.delete_document import DeleteDocumentHandler
from application.files.delete_file import DeleteFile
from application.files.kept_bytes import KeptBytes
from application.incidents.evidence import key_of as evidence_of
from application.ports.event_store import ErasableStore
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.live_session import LiveSession, LiveSessions
from application.turns.turn_log import Fenced
from domain.event import StreamId
from domain.refusals import DocumentNotFound, SessionNotFound

AT_ONCE = 8
ENDS_WITHIN_S = 20.0
"""So long a turn that another process runs may take to its end before its session is refused to go."""


@dataclass(frozen=True, slots=True)
class TakeAway:
    """Done again, each finishes what was cut off."""

    store: ErasableStore
    live: LiveSessions
    erase_session: EraseSessionHandler
    files: DeleteFile
    kept: KeptBytes
    delete_document: DeleteDocumentHandler

    async def sessions(self, tenant: str, ids: Iterable[str], by: str, reason: str) -> int:
        """Erase sessions, whoever's they are, and end the turns that run in them; how many there were.
        `TurnInProgress` when a turn goes on elsewhere."""
        return await _each(ids, lambda id: self._session(StreamId(tenant, "session", id), by, reason))

    async def delete_files(self, tenant: str, ids: Iterable[str], by: str, reason: str) -> int:
        """Delete files, whoever's they are."""
        return await _each(ids, lambda id: self.files(tenant, id, reason, by))

    async def documents(self, tenant: str, ids: Iterable[str], by: str) -> int:
        """Delete documents."""
        return await _each(ids, lambda id: self._document(tenant, id, by))

    async def incidents(self, tenant: str, ids: Iterable[str]) -> int:
        """Make what incidents say unreadable; that they were raised stays known."""
        return await _each(ids, lambda id: self._incident(StreamId(tenant, "incident", id)))

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


async def _each(ids: Iterable[str], take: Callable[[str], Awaitable[None]]) -> int:
    """How many there were. What one of them raises is raised when all others are done."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(id: str) -> None:
        async with places:
            await take(id)

    ended = await asyncio.gather(*map(one, ids), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
    return len(ended)
