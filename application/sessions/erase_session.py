"""A session is erased: its files, the fact, then the key, then what caches and views hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.answer_cache.answer_cache import AnswerCache
from application.clock import now, rfc3339
from application.execute import Context
from application.files.delete_file import DeleteFile
from application.ports.facts.event_store import ErasableStore
from application.ports.sessions.feed_tail import FeedTail
from application.ports.sessions.known_exchanges import KnownExchanges
from application.sessions.live_session import LiveSession, LiveSessions
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import SessionNotFound, TurnInProgress
from domain.session import rules
from domain.session.state import Session

EraseView = Callable[[str, str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class EraseSessionHandler:
    """`erase_view(tenant, session_id, version)` removes the session from the view."""

    store: ErasableStore
    sessions: LiveSessions
    tail: FeedTail
    answers: AnswerCache
    files: DeleteFile
    exchanges: KnownExchanges
    erase_view: EraseView

    async def __call__(self, principal: Principal, id: StreamId) -> dict[str, str]:
        """Erase the caller's own; see `take_away`. SessionNotFound when it is not the caller's."""
        live = await self.sessions.get(id)
        if not live.state.user:
            raise SessionNotFound
        if not principal.owns(live.state.user):
            raise SessionNotFound().theirs()
        return await self.take_away(live, principal.user, "asked")

    async def take_away(self, live: LiveSession, by: str, reason: str) -> dict[str, str]:
        """Erase it, and say when each store was done (RFC 3339). TurnInProgress while one runs; SessionNotFound when it
        was erased before. An erasure that was cut off is finished by asking again."""
        if live.state.running:
            raise TurnInProgress
        id, already, receipt = live.id, live.state.erased, {}
        # The files before the fact: what was attached is known only as long as the session is.
        await self.files.all(id.tenant, live.state.user, attached_files(live.state), "session_erased")
        receipt["files"] = rfc3339(now())
        if not already:
            await live.commit(lambda session: rules.erase_session(session, reason), Context(by, id.id))
        receipt["fact"] = rfc3339(now())
        await self.store.shred(str(id))
        receipt["key"] = rfc3339(now())
        self.sessions.forget(id)
        await self.exchanges.forget(id.tenant, id.id)
        await self.answers.forget(str(id))
        receipt["answers"] = rfc3339(now())
        await self.tail.forget(str(id))
        receipt["frames"] = rfc3339(now())
        await self.erase_view(id.tenant, id.id, live.held.version)
        receipt["view"] = rfc3339(now())
        if already:
            raise SessionNotFound  # an erased session answers like an absent one, whatever was still done for it
        return receipt


def attached_files(session: Session) -> list[str]:
    """The files of its own turns. Those of turns that were copied here belong to where they were asked."""
    return list(dict.fromkeys(file for turn in session.turns if turn.client_id for file in turn.attachments))
