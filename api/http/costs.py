"""What a tenant's assistants cost, for its analysts: JSON, or CSV by the Accept header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.paging import checked_limit, checked_range, position_cursor, read_position
from api.services import Services
from application.clock import rfc3339
from domain.access import Principal
from domain.refusals import InvalidField

Asker = Request[Principal, Any, Any]
Since = Annotated[str | None, QueryParameter(name="from")]
Until = Annotated[str | None, QueryParameter(name="to")]
FORMULA = ("=", "+", "-", "@")


@get("/v1/costs/summary", permission="cost:read")
async def cost_summary(
    request: Asker, services: NamedDependency[Services], since: Since = None, until: Until = None
) -> Response[Any]:
    """Totals of a range of time (the current month by default)."""
    found = await services.costs.summary(request.user.tenant, *checked_range(since, until))
    return _answer(request, plain(found), found["models"])


@get("/v1/costs/series", permission="cost:read")
async def cost_series(
    request: Asker,
    services: NamedDependency[Services],
    group_by: FromQuery[str] = "model",
    interval: FromQuery[str] = "day",
    since: Since = None,
    until: Until = None,
) -> Response[Any]:
    """Sums per hour or day, by model, step, user or session."""
    if group_by not in ("model", "step", "user", "session") or interval not in ("hour", "day"):
        raise InvalidField("group_by: model, step, user or session; interval: hour or day.")
    begin, end = checked_range(since, until)
    points = await services.costs.series(request.user.tenant, group_by, interval, begin, end)
    shown = {"group_by": group_by, "interval": interval, "series": plain(points), "currency": "USD"}
    return _answer(request, shown, points)


@get("/v1/costs/lines", permission="cost:read")
async def cost_lines(
    request: Asker,
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
    since: Since = None,
    until: Until = None,
) -> Response[Any]:
    """A line for every request that reached a model."""
    begin, end = checked_range(since, until)
    found = await services.costs.lines(request.user.tenant, begin, end, read_position(cursor), checked_limit(limit) + 1)
    more, shown = len(found) > limit, found[:limit]
    following = position_cursor(shown[-1]["position"]) if more else None
    return _answer(request, {"lines": plain(shown), "next": following}, shown, following)


def plain(value: Any) -> Any:
    """Money as decimal strings without an exponent, times as RFC 3339; the log's positions are nobody's business."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return rfc3339(value)
        case Mapping():
            return {key: plain(item) for key, item in value.items() if key != "position"}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def _answer(
    request: Asker, shown: Any, table: Sequence[Mapping[str, Any]], following: str | None = None
) -> Response[Any]:
    if "text/csv" not in request.headers.get("accept", ""):
        return Response(shown)
    headers = {"Link": f'<?cursor={following}>; rel="next"'} if following else {}
    return Response(as_csv(plain(list(table))), media_type="text/csv; charset=utf-8", headers=headers)


def as_csv(table: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV (RFC 4180); a cell that a spreadsheet would take for a formula gets a quote before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    if table:
        writer.writerow(table[0])
    for row in table:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
