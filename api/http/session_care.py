"""What members do with their sessions besides talking: title them, take them away, go on from a version of one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Meta

from api.http.session_export import as_json, as_markdown
from api.http.sessions import checked_session
from api.services import Services
from application.sessions.rename_session import LONGEST_TITLE
from application.sessions.replay_session import Replay
from domain.access import Principal
from domain.refusals import InvalidField

FORMATS = {"md": (as_markdown, "text/markdown"), "json": (as_json, "application/json")}


class NewTitle(msgspec.Struct, frozen=True):
    """What a session is to be called."""

    title: Annotated[str, Meta(max_length=2 * LONGEST_TITLE)]


class Renamed(msgspec.Struct, frozen=True):
    """A session's title as it is kept."""

    session_id: str
    title: str
    version: int


class Fork(msgspec.Struct, frozen=True):
    """Where to go on from: a version of the session, or the moment before one of its turns was asked."""

    version: int | None = None
    before_turn: Annotated[str, Meta(max_length=64)] | None = None


class Forked(msgspec.Struct, frozen=True):
    """The new session, and the version of the old one that it goes on from."""

    session_id: str
    forked_from: dict[str, Any]


@patch("/v1/sessions/{session_id:str}", permission="session:read")
async def rename_session(
    data: JSONBody[NewTitle],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
) -> Renamed:
    """Call one of the caller's sessions by a title."""
    live = await services.sessions.open_session.find(request.user, checked_session(session_id))
    await services.sessions.rename_session(request.user, live, data.title)
    return Renamed(session_id, live.state.title, live.held.version)


@get("/v1/sessions/{session_id:str}/export", permission="session:read")
async def export_session(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
    format: FromQuery[str] = "md",
) -> Stream:
    """One of the caller's sessions as a file: what was asked and answered, with what the answers cite."""
    if format not in FORMATS:
        raise InvalidField("format: md or json.")
    live = await services.sessions.open_session.find(request.user, checked_session(session_id))
    state, version = live.state, live.held.version
    tell, media_type = FORMATS[format]
    return Stream(
        tell(Replay(services.store, str(live.id), version), state, version),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="session-{live.id.id}.{format}"'},
    )


@post("/v1/sessions/{session_id:str}/fork", permission="session:read", status_code=201)
async def fork_session(
    data: JSONBody[Fork],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
) -> Forked:
    """Go on from one of the caller's sessions, as it was, in a new one."""
    if (data.version is None) == (data.before_turn is None):
        raise InvalidField("Either version or before_turn is needed.")
    source = await services.sessions.open_session.find(request.user, checked_session(session_id))
    version = data.version
    if version is None:
        version = await services.sessions.fork_session.version_before(source, data.before_turn or "")
    live = await services.sessions.fork_session(request.user, source, version)
    return Forked(live.id.id, {"session_id": session_id, "version": version})
