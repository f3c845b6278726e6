"""Tells a tenant's own server what becomes of its incidents: signed, a few times if need be, while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from application.clock import new_id, now, rfc3339
from application.ports.facts.keys import Sealer
from application.ports.incidents.incident_register import IncidentRow
from application.ports.tenants.tenants import Tenants
from application.ports.tools.webhooks import WebhookFailed, Webhooks
from application.tools.webhook_signature import sign

PAUSES_S = (2.0, 15.0, 60.0)


@dataclass(frozen=True, slots=True)
class TellWebhook:
    """News of an incident go to the address that the tenant has set, if it has."""

    webhooks: Webhooks
    tenants: Tenants
    sealer: Sealer
    pauses_s: Sequence[float] = PAUSES_S

    async def __call__(self, tenant: str, row: IncidentRow) -> bool:
        """Whether a server took it. What was asked stays in our log: the title and text are not told."""
        url = (await self.tenants.settings(tenant)).incident_webhook
        if not url:
            return False
        raised = row.raised
        body = msgspec.json.encode(
            {
                "type": "incident.changed",
                "incident_id": row.incident_id,
                "tenant_id": tenant,
                "status": row.status,
                "severity": raised.severity,
                "cause": raised.cause,
                "session_id": raised.session_id or None,
                "turn_id": raised.turn_id or None,
                "raised_at": rfc3339(row.at),
                "at": rfc3339(now()),
            }
        )
        secret, id = await news_secret(self.sealer, tenant), new_id()
        for pause in (*self.pauses_s, None):
            timestamp = int(now().timestamp())
            signature = sign(secret, id, timestamp, body)
            headers = {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}
            try:
                await self.webhooks.post(url, body, headers)
            except WebhookFailed:
                if pause is None:
                    return False
                await asyncio.sleep(pause)
            else:
                return True
        return False


async def news_secret(sealer: Sealer, tenant: str) -> bytes:
    """The 32 bytes that news of incidents are signed with; stored nowhere."""
    return await sealer.digest(tenant, b"signs news of incidents")
