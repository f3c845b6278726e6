"""What probes and Prometheus ask; open to everybody, and telling nobody anything about tenants."""

from __future__ import annotations

import asyncio

import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.readiness import Report
from api.services import Services

REFRESH_S = 1.0
log = structlog.get_logger()


@get("/health/live", public=True)
async def live() -> dict[str, str]:
    """The process runs and its loop turns."""
    return {"status": "live"}


@get("/health/ready", public=True)
async def ready(services: NamedDependency[Services]) -> Response[Report]:
    """Each part, and whether it is needed or merely missed; 503 when no turn can be answered here."""
    report = await services.readiness.report(draining=services.admission.draining)
    return Response(report, status_code=503 if report.status == "down" else 200)


@get("/metrics", public=True)
async def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Prometheus' text format."""
    for refresh in services.gauges:
        try:
            async with asyncio.timeout(REFRESH_S):
                await refresh()
        except Exception as error:  # an old number beats no numbers
            log.warning("gauge_not_refreshed", error=type(error).__name__)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
