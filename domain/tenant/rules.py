"""The rules of a tenant."""

from __future__ import annotations

from domain.event import Event
from domain.refusals import NotFound
from domain.tenant.commands import CreateTenant, PutAssistant
from domain.tenant.events import AssistantPut, TenantCreated
from domain.tenant.state import Tenant


def create_tenant(tenant: Tenant, command: CreateTenant) -> list[Event]:
    """A tenant is created once."""
    return [] if tenant.name else [TenantCreated(name=command.name)]


def put_assistant(tenant: Tenant, command: PutAssistant) -> list[Event]:
    """A definition that is already in force changes nothing, so caches that hang on the version stay warm."""
    if not tenant.name:
        raise NotFound
    if tenant.assistants.get(command.name) == command.assistant:
        return []
    version = tenant.versions.get(command.name, 0) + 1
    return [AssistantPut(name=command.name, assistant=command.assistant, version=version)]
