"""What a tenant's assistants cost, for its analysts: JSON, or CSV by the Accept header."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.http.request.paging import (
    MOST,
    checked_limit,
    checked_range,
    point_cursor,
    position_cursor,
    read_point,
    read_position,
)
from api.http.withheld import hidden_assistants
from api.services import Services
from application.clock import now, rfc3339
from domain.access import Principal
from domain.refusals import InvalidField, NotFound
from domain.tenant.budget_period import period_at
from projections.cost_query import COLUMNS, CostFilter
from projections.cost_reads import FIRST, MOST_POINTS, Point, Series
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
    "estimated", "failure", "cache_write_1h_tokens", "corrected", "source", "prompt_cache_saved_usd", "corrected_at",
    "correction_reason", "replaced_input_tokens", "replaced_output_tokens", "replaced_usd",
    "assistant",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@")
LONGEST = 200


async def wanted_costs(
    request: TurnRequest, services: NamedDependency[Services], since: Since = None, until: Until = None
) -> CostFilter:
    """Which costs a request asks for: from when until when (the current month by default), and each part that it gives
    and that is not empty. Users are asked for by name, or by what they are shown as. What is of confidential assistants
    counts for those alone whom they are for."""
    begin, end = checked_range(since, until)
    given = {name: value for name in COLUMNS if (value := request.query_params.get(name))}
    for name, value in given.items():
        if len(value) > LONGEST or not value.isprintable():
            raise InvalidField(f"{name}: 1 to {LONGEST} printable characters")
    if "user" in given:
        given["user"] = await _stored(services, request.user.tenant, given["user"])
    hidden = await hidden_assistants(services, request.user)
    return CostFilter(since=begin, until=end, hidden=tuple(sorted(hidden)), **given)


async def _stored(services: Services, tenant: str, user: str) -> str:
    try:
        return await services.access.users.pseudonym(tenant, user)
    except NotFound:
        return user  # a tenant without a key has no users


@get("/v1/costs/summary", permission="cost:read", dependencies={"wanted": Provide(wanted_costs)})
async def cost_summary(
    request: TurnRequest, services: NamedDependency[Services], wanted: NamedDependency[CostFilter]
) -> Response[Any]:
    """Totals of a range of time (the current month by default). A turn, an answer of a cache and a failover are of no
    one model or step, and some have none: under such a filter what is counted of them is null, which is not zero."""
    found = await services.reads.costs.summary(request.user.tenant, wanted)
    found |= {"budget": await _running_budget(services, request.user.tenant)}
    if _wants_csv(request):
        return Response(as_csv(MODEL_COLUMNS, found["models"]), media_type=CSV)
    return Response(plain(found))


async def _running_budget(services: Services, tenant: str) -> Row:
    """What the tenant may spend in the running period, whatever range is asked for; no limit is null."""
    budget = (await services.tenants.known.settings(tenant)).budget
    begin, end = period_at(budget.period, now())
    return {"period": budget.period, "limit_usd": budget.limit_usd, "period_start": begin, "period_end": end}


@get("/v1/costs/series", permission="cost:read", dependencies={"wanted": Provide(wanted_costs)})
async def cost_series(
    request: TurnRequest,
    services: NamedDependency[Services],
    wanted: NamedDependency[CostFilter],
    group_by: FromQuery[str] = "model",
    interval: FromQuery[str] = "day",
    top: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Response[Any] | Stream:
    """Sums per hour or day, by one of what costs can be filtered by; of the `top` dearest, and the others together.
    `total_usd` is of all points, whatever is on the page: at most `limit`, or ten thousand, and `next` goes on. As CSV
    without a limit: all of them."""
    if group_by not in COLUMNS or interval not in ("hour", "day"):
        raise InvalidField(f"group_by: {', '.join(COLUMNS)}; interval: hour or day.")
    asked = Series(wanted=wanted, group=group_by, interval=interval, top=None if top is None else checked_limit(top))
    after = FIRST if cursor is None else read_point(cursor)
    most, tenant = MOST_POINTS if limit is None else checked_limit(limit), request.user.tenant
    if _wants_csv(request) and limit is None:
        return Stream(_all_points(services, tenant, asked, after), media_type=CSV)
    points, total, more = await _page_of_points(services, tenant, asked, after, most)
    following = point_cursor(*more) if more else None
    if _wants_csv(request):
        return Response(as_csv(SERIES_COLUMNS, points), media_type=CSV, headers=_link(following))
    body = {"group_by": group_by, "interval": interval, "currency": "USD", "total_usd": total, "series": points}
    return Response(plain(body) | {"next": following})


async def _page_of_points(
    services: Services, tenant: str, asked: Series, after: Point, limit: int
) -> tuple[list[Row], Decimal, Point | None]:
    points, total, more = await services.reads.costs.series(tenant, asked, after=after, limit=limit)
    if asked.group == "user":
        points = await _named(services, tenant, points, "key")
        points.sort(key=lambda point: (point["at"], point["others"], point["key"]))
    return points, total, more


async def _all_points(services: Services, tenant: str, asked: Series, after: Point) -> AsyncIterator[str]:
    more: Point | None = after
    while more:
        points, _, following = await _page_of_points(services, tenant, asked, more, MOST_POINTS)
        yield as_csv(SERIES_COLUMNS, points, header=more == after)
        more = following


@get("/v1/costs/lines", permission="cost:read", dependencies={"wanted": Provide(wanted_costs)})
async def cost_lines(
    request: TurnRequest,
    services: NamedDependency[Services],
    wanted: NamedDependency[CostFilter],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
    order: FromQuery[str] = "oldest",
) -> Response[Any] | Stream:
    """A line for every request that reached a model. As CSV without a limit: all of them, the oldest first."""
    if order not in ("oldest", "newest"):
        raise InvalidField("order: oldest or newest.")
    newest = order == "newest"
    after, most, tenant = read_position(cursor), checked_limit(100 if limit is None else limit), request.user.tenant
    if _wants_csv(request) and limit is None:
        return Stream(_all_lines(services, tenant, wanted, after), media_type=CSV)
    found = await _named(
        services, tenant, await services.reads.costs.lines(tenant, wanted, after, most + 1, newest=newest), "user"
    )
    more, shown = len(found) > most, found[:most]
    following = position_cursor(shown[-1]["position"]) if more else None
    if _wants_csv(request):
        return Response(as_csv(LINE_COLUMNS, shown), media_type=CSV, headers=_link(following))
    return Response({"lines": plain(shown), "next": following})


async def _all_lines(services: Services, tenant: str, wanted: CostFilter, after: int) -> AsyncIterator[str]:
    """Page by page, so that a year of lines needs no more memory than a thousand."""
    header = True
    while page := await services.reads.costs.lines(tenant, wanted, after, MOST):
        yield as_csv(LINE_COLUMNS, await _named(services, tenant, page, "user"), header=header)
        after, header = page[-1]["position"], False
    if header:
        yield as_csv(LINE_COLUMNS, [])


async def _named(services: Services, tenant: str, rows: list[Row], column: str) -> list[Row]:
    """The rows with users by name; one who was erased, or is not known, stays a pseudonym."""
    names = await services.access.users.names(tenant, (row[column] for row in rows))
    return [row | {column: names[row[column]]} for row in rows]


def _link(following: str | None) -> dict[str, str]:
    """Where a table that is not whole goes on."""
    return {"Link": f'<?cursor={following}>; rel="next"'} if following else {}


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
    """By the Accept header, or by `format=csv` for a link."""
    return request.query_params.get("format") == "csv" or (
        request.accept.best_match(["application/json", "text/csv"]) == "text/csv"
    )


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
