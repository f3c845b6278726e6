"""A tenant's incidents: raised by members, seen and changed by admins; and the server that is told of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.http.files import OUT, link_url, linked
from api.http.request.paging import checked_limit, id_cursor
from api.http.sessions import checked_session
from api.services import Services
from application.clock import rfc3339
from application.files.file_links import FileLink
from application.incidents.evidence import OpenedEvidence
from application.incidents.tell_webhook import news_secret
from application.ports.incidents.incident_register import IncidentRow
from application.tools.webhook_signature import shown_secret
from domain.access import Principal
from domain.ids import is_id
from domain.incident.events import Severity, Status
from domain.refusals import InvalidField, NotFound

MANAGES = "incident:manage"


class NewIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, and where, if it was in a session of the member's."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=20_000)]
    severity: Severity = "medium"
    session_id: Annotated[str, Meta(max_length=64)] | None = None
    turn_id: Annotated[str, Meta(max_length=64)] | None = None


class RaisedIncident(msgspec.Struct, frozen=True):
    """The incident that was raised."""

    incident_id: str


class NewStatus(msgspec.Struct, frozen=True):
    """What becomes of it: forwards alone."""

    status: Status


class EvidenceAnswer(msgspec.Struct, frozen=True):
    """`url` gives out the evidence as JSON until `url_expires_at` (Unix seconds). It is `frozen` a moment after the
    incident was raised."""

    url: str
    url_expires_at: int
    frozen: bool


class IncidentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An incident. `raised_by` is a user, or `policy`; `cause` says which policy."""

    incident_id: str
    title: str
    text: str
    severity: str
    status: str
    cause: str
    raised_by: str
    at: str
    session_id: str | None
    turn_id: str | None
    evidence: EvidenceAnswer


class IncidentPage(msgspec.Struct, frozen=True):
    """Incidents, newest first; `next` is the cursor of the next page, or null."""

    incidents: list[IncidentAnswer]
    next: str | None


class IncidentWebhook(msgspec.Struct, frozen=True):
    """The server that is told of incidents; null for none."""

    url: Annotated[str, Meta(max_length=2_000)] | None = None


class IncidentWebhookAnswer(msgspec.Struct, frozen=True):
    """With the secret by which the server checks that it is us (Standard Webhooks)."""

    url: str | None
    signing_secret: str | None


@post("/v1/incidents", permission="incident:raise", status_code=201)
async def raise_incident(
    data: JSONBody[NewIncident], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> RaisedIncident:
    """Raise one, about a session or a turn of the caller's if they are named."""
    if data.turn_id and not data.session_id:
        raise InvalidField("turn_id: its session_id is needed too.")
    live = None
    if data.session_id:
        live = await services.sessions.open_session.find(request.user, checked_session(data.session_id))
    incident_id = await services.incidents.raise_incident.by_member(
        request.user,
        title=data.title,
        text=data.text,
        severity=data.severity,
        live=live,
        turn_id=data.turn_id or "",
    )
    return RaisedIncident(incident_id)


@get("/v1/incidents", permission=("incident:raise", MANAGES))
async def list_incidents(
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> IncidentPage:
    """The caller's own, or all for an admin, page by page."""
    user, most = request.user, checked_limit(limit)
    whose = None if user.may(MANAGES) else user.user
    rows = await services.incidents.incident_register.page(user.tenant, whose, after=id_cursor(cursor), limit=most + 1)
    shown = [await _answer(request, services, row) for row in rows[:most]]
    return IncidentPage(shown, rows[most - 1].incident_id if len(rows) > most else None)


@get("/v1/incidents/{incident_id:str}", permission=("incident:raise", MANAGES))
async def show_incident(
    incident_id: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> IncidentAnswer:
    """One of them, with a link to its evidence."""
    row = await _row(request.user, services, incident_id)
    if not row.frozen:  # the audit log was far behind, or the process ended that waited for it
        frozen = await services.incidents.evidence.freeze(request.user.tenant, row)
        row = msgspec.structs.replace(row, frozen=frozen)
    return await _answer(request, services, row)


@patch("/v1/incidents/{incident_id:str}", permission=MANAGES)
async def change_incident(
    incident_id: FromPath[str],
    data: JSONBody[NewStatus],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> IncidentAnswer:
    """Acknowledge or close one."""
    row = await _row(request.user, services, incident_id)
    return await _answer(
        request, services, await services.incidents.change_incident(request.user, row.incident_id, data.status)
    )


@get("/v1/incidents/{incident_id:str}/evidence", public=True)
async def give_evidence(
    incident_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[OpenedEvidence]:
    """The evidence of a link: facts with their leaves and hashes, and what they said, as far as it was not erased. That
    it was read is a fact."""
    link = await linked(request, services, "evidence", incident_id)
    row = await services.incidents.incident_register.fetch(link.tenant, incident_id)
    if row is None or not await services.incidents.evidence.freeze(link.tenant, row):
        raise NotFound
    reader = Principal(link.tenant, link.user, frozenset(), link.expires)
    await services.reads.note_audit_read(reader, 0, {"incident": incident_id})
    headers = OUT | {"content-disposition": f'attachment; filename="evidence-{incident_id}.json"'}
    found = await services.incidents.evidence.open(link.tenant, incident_id)
    return Response(found, media_type=MediaType.JSON, headers=headers)


@get("/v1/incident-webhook", permission="tenant:configure")
async def show_incident_webhook(
    request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> IncidentWebhookAnswer:
    """Where news of incidents go."""
    settings = await services.tenants.known.settings(request.user.tenant)
    return await _webhook(services, request.user.tenant, settings.incident_webhook)


@put("/v1/incident-webhook", permission="tenant:configure")
async def put_incident_webhook(
    data: JSONBody[IncidentWebhook], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> IncidentWebhookAnswer:
    """Say where they go; null for nowhere."""
    url = await services.incidents.put_webhook(request.user, data.url or "")
    return await _webhook(services, request.user.tenant, url)


async def _webhook(services: Services, tenant: str, url: str) -> IncidentWebhookAnswer:
    secret = shown_secret(await news_secret(services.tenants.sealer, tenant)) if url else None
    return IncidentWebhookAnswer(url or None, secret)


async def _row(principal: Principal, services: Services, incident_id: str) -> IncidentRow:
    """One that the caller may see; others answer like absent ones."""
    row = (
        await services.incidents.incident_register.fetch(principal.tenant, incident_id) if is_id(incident_id) else None
    )
    if row is None:
        raise NotFound
    if not (principal.may(MANAGES) or row.raised.raised_by == principal.user):
        raise NotFound().theirs()
    return row


async def _answer(request: Request[Principal, Any, Any], services: Services, row: IncidentRow) -> IncidentAnswer:
    tenant, raised, ends = request.user.tenant, row.raised, services.files.links.ends()
    link = FileLink(use="evidence", tenant=tenant, user=request.user.user, file_id=row.incident_id, expires=ends)
    url = link_url(request, services, link, f"/v1/incidents/{row.incident_id}/evidence")
    by = raised.raised_by
    return IncidentAnswer(
        incident_id=row.incident_id,
        title=raised.title,
        text=raised.text,
        severity=raised.severity,
        status=row.status,
        cause=raised.cause,
        raised_by=by if raised.cause != "person" else (await services.access.users.names(tenant, [by]))[by],
        at=rfc3339(row.at),
        session_id=raised.session_id or None,
        turn_id=raised.turn_id or None,
        evidence=EvidenceAnswer(url, ends, row.frozen),
    )
