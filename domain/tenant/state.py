"""What a tenant must remember in order to decide."""

from __future__ import annotations

import msgspec

from domain.event import Event
from domain.tenant.events import Assistant, AssistantPut, TenantCreated


class Tenant(msgspec.Struct, kw_only=True):
    """A customer: its name and its assistants with their versions. Every tenant has the assistant `default`."""

    name: str = ""
    assistants: dict[str, Assistant] = msgspec.field(default_factory=lambda: {"default": Assistant()})
    versions: dict[str, int] = {}


def evolve(tenant: Tenant, event: Event) -> Tenant:
    """The tenant after `event`, changed in place."""
    match event:
        case TenantCreated():
            tenant.name = event.name
        case AssistantPut():
            tenant.assistants[event.name] = event.assistant
            tenant.versions[event.name] = event.version
        case _:
            pass
    return tenant
