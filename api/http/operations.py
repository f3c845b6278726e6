"""How the installation is, for those who run it: parts, read models, breakers, what is parked, versions. No content."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.http.request.paging import checked_limit
from api.readiness import ReadinessReport
from api.services import Services
from application.clock import now, rfc3339
from application.gateway.health import ModelHealth
from domain.access import Principal
from domain.refusals import DependencyUnavailable, InvalidCursor, NotFound
from projections.operations_reads import Parked, ReadModelProgress
from projections.orders import Order
from projections.positions import RELAY

OperatorRequest = Request[Principal, Any, Any]


class PartAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the installation as this process sees it; `since` is when it was first seen to be away."""

    name: str
    status: Literal["ok", "away"]
    needed: bool
    detail: str
    since: str | None


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The latest order of an operator's, and what came of it."""

    state: Literal["waiting", "running", "done", "failed"]
    asked_at: str
    ended_at: str | None
    outcome: str


class ReadModelAnswer(ReadModelProgress, frozen=True, kw_only=True):
    """A read model, or the relay: how far it is; `rebuild` is the latest order, `built` its progress in positions."""

    rebuild: OrderAnswer | None


class OperationsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one look. `read_models` is null while the database does not answer; breakers are this process's."""

    status: Literal["ready", "degraded", "down"]
    at: str
    parts: list[PartAnswer]
    read_models: list[ReadModelAnswer] | None
    breakers: list[ModelHealth]
    versions: dict[str, str]


class ParkedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that a read model cannot follow from a fact on."""

    name: str
    stream: str
    position: int
    version: int
    topic: str
    reason: str
    at: str
    retry: OrderAnswer | None


class ParkedPage(msgspec.Struct, frozen=True):
    """Parked streams by read model and name; `next` is the cursor of the next page, or null."""

    parked: list[ParkedAnswer]
    next: str | None


class ParkedStream(msgspec.Struct, frozen=True):
    """Which parked stream."""

    name: Annotated[str, Meta(max_length=100)]
    stream: Annotated[str, Meta(max_length=300)]


class Ordered(msgspec.Struct, frozen=True):
    """It was ordered: the process that projects will do it."""

    ordered: bool = True


@get("/v1/operations", permission="tenant:provision")
async def show_operations(services: NamedDependency[Services]) -> OperationsAnswer:
    """What is down, how far behind, since when."""
    report = await services.edge.readiness.report(draining=services.edge.admission.leaving)
    models: list[ReadModelAnswer] | None = None
    versions = {"colloquy": importlib.metadata.version("colloquy"), "python": platform.python_version()}
    try:
        models = [_model(*found) for found in await services.edge.operations.models()]
        versions["postgresql"] = await services.edge.operations.database_version()
    except DependencyUnavailable:
        pass  # what is away stands among the parts: the rest is shown all the same
    settings = services.settings
    return OperationsAnswer(
        status=report.status,
        at=rfc3339(now()),
        parts=_parts(report, services),
        read_models=models,
        breakers=services.edge.models.report(),
        versions=versions | {"model_balanced": settings.model_balanced, "model_fast": settings.model_fast},
    )


@get("/v1/operations/parked", permission="tenant:provision")
async def list_parked(
    services: NamedDependency[Services], cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 100
) -> ParkedPage:
    """What read models could not follow, page by page."""
    most = checked_limit(limit)
    name, space, stream = (cursor or " ").partition(" ")
    if not space or len(name) > 100 or len(stream) > 300:
        raise InvalidCursor
    found = await services.edge.operations.parked((name, stream), most + 1)
    shown, more = found[:most], len(found) > most
    last = shown[-1][0] if more else None
    return ParkedPage([_parked(*one) for one in shown], f"{last.name} {last.stream}" if last else None)


@post("/v1/operations/read-models/{name:str}/rebuild", permission="tenant:provision", status_code=202)
async def rebuild_read_model(
    request: OperatorRequest, services: NamedDependency[Services], name: FromPath[str]
) -> Ordered:
    """Have a read model built anew beside the live one."""
    if name == RELAY or name not in {model.name for model, _ in await services.edge.operations.models()}:
        raise NotFound
    await services.edge.operations.order("rebuild", name, request.user.user)
    return Ordered()


@post("/v1/operations/parked/retry", permission="tenant:provision", status_code=202)
async def retry_parked(
    data: JSONBody[ParkedStream], request: OperatorRequest, services: NamedDependency[Services]
) -> Ordered:
    """Have a parked stream tried before the others."""
    if not await services.edge.operations.is_parked(data.name, data.stream):
        raise NotFound
    await services.edge.operations.order("retry", data.name, request.user.user, data.stream)
    return Ordered()


def _parts(report: ReadinessReport, services: Services) -> list[PartAnswer]:
    """What is away first, what is needed before what is merely missed."""
    since = services.edge.readiness.away_since()
    found = [
        PartAnswer(
            name=name,
            status=part.status,
            needed=part.needed,
            detail=part.detail,
            since=rfc3339(since[name]) if name in since else None,
        )
        for name, part in report.parts.items()
    ]
    return sorted(found, key=lambda part: (part.status != "away", not part.needed, part.name))


def _model(found: ReadModelProgress, order: Order | None) -> ReadModelAnswer:
    return ReadModelAnswer(**msgspec.structs.asdict(found), rebuild=_order(order))


def _parked(found: Parked, order: Order | None) -> ParkedAnswer:
    fields = msgspec.structs.asdict(found)
    del fields["lane"]
    return ParkedAnswer(**fields | {"at": rfc3339(found.at)}, retry=_order(order))


def _order(order: Order | None) -> OrderAnswer | None:
    if order is None:
        return None
    ended = rfc3339(order.ended_at) if order.ended_at else None
    return OrderAnswer(state=order.state, asked_at=rfc3339(order.asked_at), ended_at=ended, outcome=order.outcome)
