"""A text as an embedding model may see it: without the private values that its tenant keeps from models."""

from __future__ import annotations

from dataclasses import dataclass

from application.ports.models.detector import Detector
from application.ports.tenants.tenants import Tenants
from application.redaction.redactor import irreversible


@dataclass(frozen=True, slots=True)
class Embeddable:
    """For texts that belong to no turn, documents and searches: the rules of the tenant's assistant `default` hold."""

    detector: Detector
    tenants: Tenants

    async def __call__(self, tenant: str, text: str) -> str:
        """The text, each private value replaced by its kind."""
        assistants = (await self.tenants.settings(tenant)).assistants
        return await irreversible(text, self.detector, assistants["default"].pii)
