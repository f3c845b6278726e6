"""A session as it was: at a version, and what happened between two; for its user, and for auditors of the tenant."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.http.change_fields import change_fields
from api.http.request.paging import ListPage, checked_limit, id_cursor, position_cursor, read_position
from api.http.sessions import checked_session
from api.http.turn_answers import turn_fields
from api.http.withheld import hidden_assistants
from api.services import Services
from application.clock import rfc3339
from application.sessions.live_session import LiveSession
from application.sessions.replay_session import Replay
from domain.access import Principal
from domain.event import Envelope, Shredded, StreamId
from domain.refusals import InvalidCursor, InvalidRange, SessionNotFound
from domain.session.events import SessionErased, SessionRenamed
from domain.session.state import Turn

HistoryRequest = Request[Principal, Any, Any]


class Place(msgspec.Struct, frozen=True):
    """How far a history was read: after version `after`, of a session as it was at `version`; its title then is that
    of the fact at version `titled`, and `running` the turn that ran."""

    after: int
    version: int
    titled: int
    running: str = ""

    def cursor(self) -> str:
        """As text, for the way to the client and back."""
        places = (self.after, self.version, self.titled)
        return ".".join([*map(position_cursor, places), self.running])

    @classmethod
    def read(cls, cursor: str) -> Place:
        """From such a text; InvalidCursor when it is none."""
        *places, running = cursor.split(".")
        try:
            after, version, titled = map(read_position, places)
        except ValueError:  # too few of them, or too many
            raise InvalidCursor from None
        place = cls(after, version, titled, id_cursor(running or None) or "")
        if place.after >= place.version or place.titled > place.version:
            raise InvalidCursor
        return place


@get("/v1/sessions/{session_id:str}/history", permission=("session:read", "session:audit"))
async def show_history(
    request: HistoryRequest,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    version: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> dict[str, Any]:
    """The session as it was at a version: its turns that had ended by then, page by page. The first page is told from
    all facts up to there, each later one from its own alone."""
    page: ListPage[Turn] = ListPage(after=None, limit=checked_limit(limit))
    place = None if cursor is None else Place.read(cursor)
    if place and version not in (None, place.version):
        raise InvalidCursor
    live = await _readable(services, request.user, session_id)
    upto = _reached(live, place.version if place else version)
    await _note(services, request.user, live, {"version": str(upto)})
    replay = Replay(services.store, str(live.id), upto, after=place.after if place else 0)
    seen = replay.after
    async for turn in replay.turns():
        page.take(turn.turn_id, partial(_told, replay), turn)
        if page.next is None:
            seen = replay.version
        elif place:
            break
    if replay.gone:
        raise SessionNotFound
    if place is None:
        state = replay.state
        place = Place(seen, upto, replay.titled, state.running.turn_id if state.running else "")
    return {
        "session_id": session_id,
        "version": upto,
        "last_version": live.held.version,
        "title": await _title_at(services, live, place.titled),
        "assistant": live.state.assistant,
        "user": await services.access.users.name(request.user.tenant, live.state.user),
        "running": place.running or None,
        "turns": page.items,
        "next": msgspec.structs.replace(place, after=seen).cursor() if page.next else None,
    }


@get("/v1/sessions/{session_id:str}/changes", permission=("session:read", "session:audit"))
async def show_changes(
    request: HistoryRequest,
    services: NamedDependency[Services],
    session_id: FromPath[str],
    since: Annotated[int, QueryParameter(name="from")] = 0,
    version: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> dict[str, Any]:
    """What happened to the session after version `from` and up to `version`, a fact each, in order."""
    page: ListPage[Envelope] = ListPage(after=None, limit=checked_limit(limit))
    after = read_position(cursor)
    live = await _readable(services, request.user, session_id)
    upto = _reached(live, version)
    if not 0 <= since <= upto:
        raise InvalidRange(f"from: 0 to {upto}.")
    await _note(services, request.user, live, {"from": str(since), "version": str(upto)})
    names = await services.access.users.names(request.user.tenant, {live.state.user})
    async for facts in services.store.slices(str(live.id), after=max(since, after), upto=upto):
        for fact in facts:
            if isinstance(fact.event, Shredded | SessionErased):
                raise SessionNotFound
            page.take(str(fact.version), lambda fact: change_fields(fact, names), fact)
        if page.next:
            break
    return {
        "session_id": session_id,
        "from": since,
        "version": upto,
        "last_version": live.held.version,
        "changes": page.items,
        "next": position_cursor(int(page.next)) if page.next else None,
    }


def _told(replay: Replay, turn: Turn) -> dict[str, Any]:
    """A turn, when it was asked, and the version at which it had ended."""
    asked_at = rfc3339(replay.asked_at) if replay.asked_at else None
    return turn_fields(turn) | {"created_at": asked_at, "version": replay.version}


async def _readable(services: Services, principal: Principal, session_id: str) -> LiveSession:
    """A session that the caller may read as it was: their own, or any of the tenant for an auditor, but those of
    confidential assistants that are not for them."""
    live = await services.sessions.live.get(StreamId(principal.tenant, "session", checked_session(session_id)))
    own = principal.owns(live.state.user) and principal.may("session:read")
    if not live.state.user or live.state.erased:
        raise SessionNotFound
    if not (own or principal.may("session:audit")):
        raise SessionNotFound().theirs()
    if not own and live.state.assistant in await hidden_assistants(services, principal):
        services.access.denials.note(principal, f"session {session_id}", "forbidden")
        raise SessionNotFound
    return live


async def _note(services: Services, principal: Principal, live: LiveSession, asked: dict[str, str]) -> None:
    """An auditor's look at what is not their own is a fact."""
    if not (principal.owns(live.state.user) and principal.may("session:read")):
        await services.reads.note_audit_read(principal, 0, {"session": live.id.id, **asked})


def _reached(live: LiveSession, version: int | None) -> int:
    """A version that the session has had; InvalidRange otherwise."""
    last = live.held.version
    if version is None:
        return last
    if not 1 <= version <= last:
        raise InvalidRange(f"version: 1 to {last}, where the session is.")
    return version


async def _title_at(services: Services, live: LiveSession, titled: int) -> str:
    """The title that the fact at a version gave."""
    if not titled:
        return ""
    for fact in await services.store.load(str(live.id), after=titled - 1, upto=titled):
        if isinstance(fact.event, SessionRenamed):
            return fact.event.title
    raise InvalidCursor
