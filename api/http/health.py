"""What probes and Prometheus ask; open to everybody, and telling nobody anything about tenants."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST

from api.readiness import ReadinessReport
from api.services import Services
from domain.refusals import NotFound


@get("/health/live", public=True)
async def live() -> dict[str, str]:
    """The process runs and its loop turns."""
    return {"status": "live"}


@get("/health/ready", public=True)
async def ready(services: NamedDependency[Services]) -> Response[ReadinessReport]:
    """Each part, and whether it is needed or merely missed; 503 when no turn can be answered here."""
    report = await services.edge.readiness.report(draining=services.edge.admission.draining)
    return Response(report, status_code=503 if report.status == "down" else 200)


@get("/metrics", public=True, sync_to_thread=False)
def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Prometheus' text format: numbers as they are known here, for which nobody else is asked; unless they have a port
    of their own."""
    if services.settings.metrics_port:
        raise NotFound
    return Response(services.edge.metrics(), media_type=CONTENT_TYPE_LATEST)
