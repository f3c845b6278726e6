"""What an auditor is not told: what was said in sessions of confidential assistants that are not for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from api.services import Services
from domain.access import Principal
from domain.event import StreamId
from domain.tenant.confidential import hidden_from
from projections.transactions import Row


async def hidden_assistants(services: Services, principal: Principal) -> frozenset[str]:
    """See `domain.tenant.confidential`."""
    return hidden_from(await services.tenants.known.settings(principal.tenant), principal)


async def withhold(services: Services, tenant: str, rows: Sequence[Row], hidden: Collection[str]) -> list[Row]:
    """The facts, without what those say that are of sessions with these assistants, or with nobody knows whom: the log
    is shown whole, with its hashes."""
    if not hidden:
        return list(rows)
    sessions = {row["stream"] for row in rows if StreamId.parse(row["stream"]).kind == "session"}
    told_by = await services.reads.audit.assistants(tenant, sessions)
    open_ones = {stream for stream, assistant in told_by.items() if assistant not in hidden}
    return [row | {"data": None, "withheld": True} if row["stream"] in sessions - open_ones else row for row in rows]
