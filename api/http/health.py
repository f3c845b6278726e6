"""What probes and Prometheus ask; open to everybody, and telling nobody anything about tenants."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST

from api.connections.addresses import among, networks
from api.readiness import ReadinessReport
from api.services import Services
from domain.refusals import NotFound

LOOPBACK = networks(("127.0.0.0/8", "::1"))
FORWARDED = ("forwarded", "x-forwarded-for")


@get("/health/live", public=True)
async def live() -> dict[str, str]:
    """The process runs and its loop turns."""
    return {"status": "live"}


@get("/health/ready", public=True)
async def ready(services: NamedDependency[Services]) -> Response[ReadinessReport]:
    """Each part, and whether it is needed or merely missed; 503 when no turn can be answered here."""
    report = await services.edge.readiness.report(draining=services.edge.admission.leaving)
    return Response(report, status_code=503 if report.status == "down" else 200)


@get("/metrics", public=True, sync_to_thread=False)
def metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """Prometheus' text format: numbers as they are known here, for which nobody else is asked. On this port for this
    machine alone, and not once there is a port of its own for it."""
    if services.settings.metrics_port or not _from_this_machine(request):
        raise NotFound
    return Response(services.edge.metrics(), media_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: Request[Any, Any, Any]) -> bool:
    """Whether the peer is on this machine and brings nobody else's request: a proxy may stand here too."""
    peer = str((request.scope.get("client") or ("",))[0])
    return among(peer, LOOPBACK) and not any(name in request.headers for name in FORWARDED)
