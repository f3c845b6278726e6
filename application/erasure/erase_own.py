"""What is erased alone: a session, by its member or an admin, and a document, by an editor."""

from __future__ import annotations

from dataclasses import dataclass

from application.documents.delete_document import DeleteDocumentHandler
from application.erasure.receipts import Receipt, Receipts
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.live_session import LiveSessions
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import SessionNotFound


@dataclass(frozen=True, slots=True)
class EraseOwn:
    """Each ends with a receipt."""

    sessions: EraseSessionHandler
    live: LiveSessions
    documents: DeleteDocumentHandler
    receipts: Receipts

    async def session(self, principal: Principal, id: StreamId) -> tuple[Receipt, dict[str, str]]:
        """The caller's own session, and when each store was done; see `EraseSessionHandler`."""
        stores = await self.sessions(principal, id)
        return await self._noted(principal, id), stores

    async def any_session(self, admin: Principal, id: StreamId) -> Receipt:
        """Whoever's session it is. `SessionNotFound` when there is none, or no more; `TurnInProgress`."""
        live = await self.live.get(id)
        if not live.state.user:
            raise SessionNotFound
        await self.sessions.take_away(live, admin.user, "asked")
        return await self._noted(admin, id)

    async def document(self, principal: Principal, document_id: str) -> Receipt:
        """A document of the tenant's; `DocumentNotFound`."""
        taken = await self.documents(principal, document_id)
        return await self.receipts(principal.tenant, "document", document_id, {"documents": taken}, by=principal.user)

    async def _noted(self, principal: Principal, id: StreamId) -> Receipt:
        return await self.receipts(principal.tenant, "session", id.id, {"sessions": 1}, by=principal.user)
