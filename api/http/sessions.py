"""A member's sessions and their turns, from the session view; history as it was; erasure."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from api.http.audit import note_reading
from api.paging import checked_limit, id_cursor
from api.services import Services
from api.turns import history
from application.execute import SESSION
from domain.access import Principal
from domain.event import Shredded, StreamId
from domain.refusals import InvalidCursor, InvalidRange, SessionNotFound
from domain.session.events import SessionErased

LATEST = 2**62
"""A version that no stream reaches: facts alone, no snapshot."""
Asker = Request[Principal, Any, Any]


@get("/v1/sessions", permission="session:read")
async def list_sessions(
    request: Asker,
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> dict[str, Any]:
    """The caller's own sessions, newest first."""
    user = request.user
    found, following = await services.session_reads.page(
        user.tenant, user.user, before=id_cursor(cursor), limit=checked_limit(limit)
    )
    return {"sessions": [row | {"user": user.name} for row in found], "next": following}


@get("/v1/sessions/{session_id:str}", permission="session:read")
async def show_session(
    request: Asker,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    consistent: FromQuery[bool] = False,
) -> dict[str, Any]:
    """One of the caller's sessions."""
    return await own_session(services, request.user, session_id, consistent=consistent)


@get("/v1/sessions/{session_id:str}/turns", permission="session:read")
async def list_turns(
    request: Asker,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    consistent: FromQuery[bool] = False,
) -> dict[str, Any]:
    """Its turns, oldest first."""
    after, most = id_cursor(cursor), checked_limit(limit)
    await own_session(services, request.user, session_id, consistent=consistent)
    turns, following = await services.session_reads.turns(
        request.user.tenant, session_id, after=after, limit=most, consistent=consistent
    )
    return {"turns": turns, "next": following}


@get("/v1/sessions/{session_id:str}/history", permission=("session:read", "session:audit"))
async def show_history(
    request: Asker,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    version: FromQuery[int | None] = None,
) -> dict[str, Any]:
    """The session as it was at a version: replayed from its facts."""
    if version is not None and version < 1:
        raise InvalidRange("version: from 1 on.")
    stream = str(StreamId(request.user.tenant, "session", _checked(session_id)))
    facts = await services.store.load(stream, upto=LATEST)
    if not facts or any(isinstance(fact.event, Shredded | SessionErased) for fact in facts):
        raise SessionNotFound
    state, reached = SESSION.initial(), version or facts[-1].version
    for fact in facts[:reached]:
        state = SESSION.evolve(state, fact.event)
    if not (request.user.owns(state.user) and request.user.may("session:read")):
        if not request.user.may("session:audit"):
            raise SessionNotFound
        await note_reading(services, request.user, 0, {"session": session_id, "version": str(reached)})
    if reached > facts[-1].version:
        raise InvalidRange(f"The session is at version {facts[-1].version}.")
    return {
        "session_id": session_id,
        "version": reached,
        "title": state.title,
        "assistant": state.assistant,
        "user": await services.users.name(request.user.tenant, state.user),
        "running": msgspec.to_builtins(state.running.turn_id) if state.running else None,
        "turns": history(state),
    }


@delete("/v1/sessions/{session_id:str}", permission="session:read", status_code=200)
async def erase_session(
    request: Asker, services: NamedDependency[Services], session_id: FromPath[str]
) -> dict[str, Any]:
    """Erase one of the caller's sessions: what was said can never be read again."""
    id = StreamId(request.user.tenant, "session", _checked(session_id))
    return {"session_id": session_id, "erased": True, "receipt": await services.erase_session(request.user, id)}


async def own_session(services: Services, principal: Principal, session_id: str, *, consistent: bool) -> dict[str, Any]:
    """A session of the caller; SessionNotFound for everybody else's and for none."""
    _checked(session_id)
    found = await services.session_reads.session(principal.tenant, session_id, consistent=consistent)
    if found is None or not principal.owns(found["user"]):
        raise SessionNotFound
    return found | {"user": principal.name}


def _checked(session_id: str) -> str:
    try:
        id_cursor(session_id)
    except InvalidCursor:
        raise SessionNotFound from None
    return session_id
