"""The secret header of a tenant's server: sealed with the tenant's own key wherever it is kept."""

from __future__ import annotations

import base64

from application.ports.facts.keys import Sealer
from domain.refusals import DependencyUnavailable
from domain.tenant.tool import Mcp

CONTEXT = "mcp.header.1"


async def sealed_header(sealer: Sealer, tenant: str, value: str) -> str:
    """The value as it is kept."""
    return base64.b64encode(await sealer.seal(f"{tenant}/tenant/{tenant}", value.encode(), CONTEXT)).decode()


async def opened_header(sealer: Sealer, tenant: str, mcp: Mcp) -> dict[str, str]:
    """The header to send; none when the server wants none."""
    if not mcp.header:
        return {}
    value = await sealer.unseal(f"{tenant}/tenant/{tenant}", base64.b64decode(mcp.sealed), CONTEXT)
    if value is None:
        raise DependencyUnavailable("The server's secret cannot be opened.")
    return {mcp.header: value.decode()}
