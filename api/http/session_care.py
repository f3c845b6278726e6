"""What members do with sessions of theirs besides talking: call them by a title, and take them away."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch
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


@patch("/v1/sessions/{session_id:str}", permission="session:read")
async def rename_session(
    data: JSONBody[NewTitle],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
) -> Renamed:
    """Call one of the caller's sessions by a title."""
    live = await services.open_session.find(request.user, checked_session(session_id))
    await services.rename_session(request.user, live, data.title)
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
    live = await services.open_session.find(request.user, checked_session(session_id))
    state, version = live.state, live.held.version
    tell, media_type = FORMATS[format]
    return Stream(
        tell(Replay(services.store, str(live.id), version), state, version),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="session-{live.id.id}.{format}"'},
    )
