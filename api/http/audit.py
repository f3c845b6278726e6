"""A tenant's history for its auditors; reading it is itself a fact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.http.costs import plain
from api.http.request.paging import (
    MOST,
    checked_limit,
    checked_range,
    position_cursor,
    read_position,
    read_stretch,
)
from api.http.withheld import hidden_assistants, withhold
from api.services import Services
from application.clock import now, rfc3339
from domain.access import Principal
from domain.event import TOPICS
from domain.ids import MAX_POSITION
from domain.refusals import InvalidField, InvalidRange
from projections.audit_reads import AuditFilter
from projections.transactions import Row

AuditRequest = Request[Principal, Any, Any]
JSON_LINES = "application/x-ndjson"
UNKNOWN = "The log has not been checked yet."


class LogState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a tenant's log: `state` is what the last check of it said, at the moment `at`; `kinds` are all
    that facts can be of."""

    state: Literal["verified", "not verified", "unknown"]
    at: str
    detail: str
    events: int
    last_position: int
    lag_events: int
    kinds: list[str]


@get("/v1/audit/log", permission="audit:read")
async def audit_log(request: AuditRequest, services: NamedDependency[Services]) -> LogState:
    """How the log stands. No content is shown, so this is not a reading of it."""
    found = await services.reads.audit.state(request.user.tenant)
    check = await services.reads.tree.last_check(request.user.tenant)
    if check is None:
        return LogState(state="unknown", at=rfc3339(now()), detail=UNKNOWN, kinds=sorted(TOPICS), **found)
    state: Literal["verified", "not verified"] = "verified" if check.ok else "not verified"
    return LogState(state=state, at=rfc3339(check.at), detail=check.detail, kinds=sorted(TOPICS), **found)


@get("/v1/audit/events", permission="audit:read")
async def audit_events(
    request: AuditRequest,
    services: NamedDependency[Services],
    after: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
    session: FromQuery[str | None] = None,
    actor: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    correlation: FromQuery[str | None] = None,
    order: FromQuery[str] = "oldest",
    shape: Annotated[str, QueryParameter(name="format")] = "json",
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: Annotated[str | None, QueryParameter(name="to")] = None,
) -> Response[Any] | Stream:
    """Facts in order after a position (`after`) or a cursor, or the newest first; as JSON lines: all."""
    if after is not None and not 0 <= after < MAX_POSITION:
        raise InvalidRange("after: a position in the log.")
    if order not in ("oldest", "newest") or shape not in ("json", "jsonl"):
        raise InvalidField("order: oldest or newest; format: json or jsonl.")
    newest, tenant = order == "newest", request.user.tenant
    asked = AuditFilter(
        session=session,
        actors=() if actor is None else (await services.access.users.pseudonym(tenant, actor), actor),
        kind=kind,
        correlation=correlation,
        **_times(since, until),
    )
    most = checked_limit(100 if limit is None else limit)
    start, upto = await _stretch(services, tenant, cursor, after or 0, newest=newest)
    await services.reads.note_audit_read(request.user, start, asked.shown())
    hidden = await hidden_assistants(services, request.user)
    if shape == "jsonl" and limit is None:
        lines = _all_lines(services, tenant, asked, start, upto, hidden, newest=newest)
        headers = {"content-disposition": 'attachment; filename="events.jsonl"'}
        return Stream(lines, media_type=JSON_LINES, headers=headers)
    shown, more = await services.reads.audit.events(tenant, asked, after=start, upto=upto, limit=most, newest=newest)
    following = None
    if more:
        last = position_cursor(shown[-1]["position"])
        following = last if newest else f"{last}.{position_cursor(upto)}"
    return Response({"events": await _named(services, tenant, shown, hidden), "next": following})


def _times(since: str | None, until: str | None) -> dict[str, datetime | None]:
    """Any time, unless one of the two is given."""
    begin, end = checked_range(since or "1970-01-01T00:00:00Z", until) if since or until else (None, None)
    return {"since": begin, "until": end if until else None}


async def _stretch(services: Services, tenant: str, cursor: str | None, after: int, *, newest: bool) -> tuple[int, int]:
    """After which position to begin, and up to which to go. A list of the newest grows at its other end: its cursor is
    the last that was shown."""
    if cursor is None:
        return after, await services.reads.audit.last(tenant)
    return (after, read_position(cursor) - 1) if newest else read_stretch(cursor)


async def _named(services: Services, tenant: str, shown: list[Row], hidden: frozenset[str]) -> list[Row]:
    """Facts as they are answered, with actors by name, and without what the reader is not told."""
    shown = await withhold(services, tenant, shown, hidden)
    names = await services.access.users.names(tenant, (row["actor"] for row in shown))
    return [plain(row) | {"position": row["position"], "actor": names[row["actor"]]} for row in shown]


async def _all_lines(
    services: Services, tenant: str, asked: AuditFilter, after: int, upto: int, hidden: frozenset[str], *, newest: bool
) -> AsyncIterator[bytes]:
    """Page by page, so that a long log needs no more memory than a short one."""
    more = True
    while more:
        page, more = await services.reads.audit.events(tenant, asked, after=after, upto=upto, limit=MOST, newest=newest)
        for row in await _named(services, tenant, page, hidden):
            yield msgspec.json.encode(row) + b"\n"
        if page and newest:
            upto = page[-1]["position"] - 1
        elif page:
            after = page[-1]["position"]
