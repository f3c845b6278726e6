"""A member begins a session, or comes back to one."""

from __future__ import annotations

from dataclasses import dataclass

from application.clock import new_id
from application.execute import Context
from application.ports.tenants.tenants import Tenants
from application.sessions.live_session import LiveSession, LiveSessions
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import SessionNotFound
from domain.session import rules
from domain.session.commands import OpenSession

LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class OpenSessionHandler:
    """Sessions belong to one user of one tenant; anybody else's answers like one that is not there."""

    sessions: LiveSessions
    tenants: Tenants

    async def begin(self, principal: Principal, assistant: str) -> LiveSession:
        """A new session with an assistant of the tenant; AssistantNotFound when it has none of that name."""
        await self.tenants.assistant_for(principal, assistant)
        live = self.sessions.new(StreamId(principal.tenant, "session", new_id()))
        command = OpenSession(user=principal.user, assistant=assistant)
        await live.commit(lambda session: rules.open_session(session, command), Context(principal.user, live.id.id))
        return live

    async def find(self, principal: Principal, session_id: str) -> LiveSession:
        """The user's own session; SessionNotFound otherwise."""
        if len(session_id) > LONGEST_ID:
            raise SessionNotFound
        live = await self.sessions.get(StreamId(principal.tenant, "session", session_id))
        if not live.state.user or live.state.erased:
            raise SessionNotFound
        if not principal.owns(live.state.user):
            raise SessionNotFound().theirs()
        return live
