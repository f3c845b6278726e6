"""What a tenant's assistants cost, for its analysts: JSON, or CSV by the Accept header."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.http.request.paging import MOST, checked_limit, checked_range, position_cursor, read_position
from api.services import Services
from application.clock import rfc3339
from domain.access import Principal
from domain.refusals import InvalidField
from projections.transactions import Row

TurnRequest = Request[Principal, Any, Any]
Since = Annotated[str | None, QueryParameter(name="from")]
Until = Annotated[str | None, QueryParameter(name="to")]
CSV = "text/csv; charset=utf-8"
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
MODEL_COLUMNS = ("model", "family", "calls", "estimated_calls", *TOKENS, "cost_usd")
SERIES_COLUMNS = ("at", "key", "calls", *TOKENS, "cost_usd")
LINE_COLUMNS = (
    "call_id", "at", "session_id", "turn_id", "user", "step", "model", "family", *TOKENS, "cost_usd", "price_version",
    "estimated", "failure", "cache_write_1h_tokens", "corrected",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@")


@get("/v1/costs/summary", permission="cost:read")
async def cost_summary(
    request: TurnRequest, services: NamedDependency[Services], since: Since = None, until: Until = None
) -> Response[Any]:
    """Totals of a range of time (the current month by default)."""
    found = await services.costs.summary(request.user.tenant, *checked_range(since, until))
    if _wants_csv(request):
        return Response(as_csv(MODEL_COLUMNS, found["models"]), media_type=CSV)
    return Response(plain(found))


@get("/v1/costs/series", permission="cost:read")
async def cost_series(
    request: TurnRequest,
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
    if group_by == "user":
        points = await _named(services, request.user.tenant, points, "key")
        points.sort(key=lambda point: (point["at"], point["key"]))
    if _wants_csv(request):
        return Response(as_csv(SERIES_COLUMNS, points), media_type=CSV)
    return Response({"group_by": group_by, "interval": interval, "series": plain(points), "currency": "USD"})


@get("/v1/costs/lines", permission="cost:read")
async def cost_lines(
    request: TurnRequest,
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
    since: Since = None,
    until: Until = None,
) -> Response[Any] | Stream:
    """A line for every request that reached a model. As CSV without a limit: all of them."""
    begin, end = checked_range(since, until)
    after, most, tenant = read_position(cursor), checked_limit(100 if limit is None else limit), request.user.tenant
    if _wants_csv(request) and limit is None:
        return Stream(_all_lines(services, tenant, begin, end, after), media_type=CSV)
    found = await _named(services, tenant, await services.costs.lines(tenant, begin, end, after, most + 1), "user")
    more, shown = len(found) > most, found[:most]
    following = position_cursor(shown[-1]["position"]) if more else None
    if _wants_csv(request):
        headers = {"Link": f'<?cursor={following}>; rel="next"'} if following else {}
        return Response(as_csv(LINE_COLUMNS, shown), media_type=CSV, headers=headers)
    return Response({"lines": plain(shown), "next": following})


async def _all_lines(services: Services, tenant: str, begin: datetime, end: datetime, after: int) -> AsyncIterator[str]:
    """Page by page, so that a year of lines needs no more memory than a thousand."""
    header = True
    while page := await services.costs.lines(tenant, begin, end, after, MOST):
        yield as_csv(LINE_COLUMNS, await _named(services, tenant, page, "user"), header=header)
        after, header = page[-1]["position"], False
    if header:
        yield as_csv(LINE_COLUMNS, [])


async def _named(services: Services, tenant: str, rows: list[Row], column: str) -> list[Row]:
    """The rows with users by name; one who was erased, or is not known, stays a pseudonym."""
    names = await services.users.names(tenant, (row[column] for row in rows))
    return [row | {column: names[row[column]]} for row in rows]


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


def _wants_csv(request: TurnRequest) -> bool:
    return request.accept.best_match(["application/json", "text/csv"]) == "text/csv"


def as_csv(columns: Sequence[str], table: Sequence[Mapping[str, Any]], *, header: bool = True) -> str:
    """Rows as CSV (RFC 4180); a cell that a spreadsheet would take for a formula gets a quote before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    if header:
        writer.writerow(columns)
    for row in table:
        writer.writerow([_cell(plain(row[column])) for column in columns])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
