"""A member's sessions and their turns, from the session view; erasure."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.http.request.paging import checked_limit, id_cursor, read_stretch_cursor, stretch_cursor
from api.services import Services
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import InvalidCursor, InvalidField, SessionNotFound

LONGEST_QUERY = 200

TurnRequest = Request[Principal, Any, Any]


@get("/v1/sessions", permission="session:read")
async def list_sessions(
    request: TurnRequest,
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    asked: Annotated[str | None, QueryParameter(name="query")] = None,
) -> dict[str, Any]:
    """The caller's own sessions, newest first: all, or those that hold the words of a query."""
    user, before, most, reads = request.user, id_cursor(cursor), checked_limit(limit), services.reads.session_reads
    if asked is not None and len(asked) > LONGEST_QUERY:
        raise InvalidField(f"query: {LONGEST_QUERY} characters at most.")
    if asked and asked.strip():
        found, following = await reads.search(user.tenant, user.user, asked, before=before, limit=most)
    else:
        found, following = await reads.page(user.tenant, user.user, before=before, limit=most)
    return {"sessions": [row | {"user": user.name} for row in found], "next": following}


@get("/v1/sessions/{session_id:str}", permission="session:read")
async def show_session(
    request: TurnRequest,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    consistent: FromQuery[bool] = False,
) -> dict[str, Any]:
    """One of the caller's sessions."""
    return await own_session(services, request.user, session_id, consistent=consistent)


@get("/v1/sessions/{session_id:str}/turns", permission="session:read")
async def list_turns(
    request: TurnRequest,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    consistent: FromQuery[bool] = False,
) -> dict[str, Any]:
    """Its turns, oldest first."""
    (after, until), most = read_stretch_cursor(cursor), checked_limit(limit)
    await own_session(services, request.user, session_id, consistent=consistent)
    turns, following = await services.reads.session_reads.turns(
        request.user.tenant, session_id, after=after, limit=most, consistent=consistent
    )
    if until:
        shown = [turn for turn in turns if turn["turn_id"] < until]
        following = following if len(shown) == len(turns) else None
        return {"turns": shown, "next": stretch_cursor(following, until) if following else None}
    return {"turns": turns, "next": following}


@delete("/v1/sessions/{session_id:str}", permission="session:read", status_code=200)
async def erase_session(
    request: TurnRequest, services: NamedDependency[Services], session_id: FromPath[str]
) -> dict[str, Any]:
    """Erase one of the caller's sessions: what was said can never be read again."""
    id = StreamId(request.user.tenant, "session", checked_session(session_id))
    receipt, stores = await services.erasure.erase_own.session(request.user, id)
    return {
        "session_id": session_id,
        "erased": True,
        "receipt": stores,
        "erasure_id": receipt.erasure_id,
        "final": receipt.final,
    }


async def own_session(services: Services, principal: Principal, session_id: str, *, consistent: bool) -> dict[str, Any]:
    """A session of the caller; SessionNotFound for everybody else's and for none."""
    checked_session(session_id)
    found = await services.reads.session_reads.session(principal.tenant, session_id, consistent=consistent)
    if found is None:
        raise SessionNotFound
    if not principal.owns(found["user"]):
        raise SessionNotFound().theirs()
    return found | {"user": principal.name}


def checked_session(session_id: str) -> str:
    """An id that a session can have; SessionNotFound otherwise."""
    try:
        id_cursor(session_id)
    except InvalidCursor:
        raise SessionNotFound from None
    return session_id
