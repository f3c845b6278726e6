"""A tenant's history for its auditors; reading it is itself a fact."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.http.costs import plain
from api.http.request.paging import checked_limit, checked_range, position_cursor, read_stretch
from api.services import Services
from domain.access import Principal
from domain.refusals import InvalidRange
from projections.audit_reads import AuditFilter


@get("/v1/audit/events", permission="audit:read")
async def audit_events(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    after: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    session: FromQuery[str | None] = None,
    actor: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: Annotated[str | None, QueryParameter(name="to")] = None,
) -> dict[str, Any]:
    """Facts in order after a position (`after`) or a cursor."""
    if after is not None and not 0 <= after < 2**62:
        raise InvalidRange("after: a position in the log.")
    begin, end = checked_range(since or "1970-01-01T00:00:00Z", until) if since or until else (None, None)
    tenant = request.user.tenant
    who = () if actor is None else (await services.access.users.pseudonym(tenant, actor), actor)
    asked = AuditFilter(session=session, actors=who, kind=kind, since=begin, until=end)
    most = checked_limit(limit)
    start, upto = read_stretch(cursor) if cursor else (after or 0, await services.reads.audit.last(tenant))
    await services.reads.note_audit_read(request.user, start, asked.shown())
    shown, more = await services.reads.audit.events(tenant, asked, after=start, upto=upto, limit=most)
    following = f"{position_cursor(shown[-1]['position'])}.{position_cursor(upto)}" if more else None
    names = await services.access.users.names(tenant, (row["actor"] for row in shown))
    events = [plain(row) | {"position": row["position"], "actor": names[row["actor"]]} for row in shown]
    return {"events": events, "next": following}
