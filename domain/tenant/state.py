"""What a tenant must remember in order to decide."""

from __future__ import annotations

import msgspec

from domain.event import Event
from domain.tenant.events import (
    Assistant,
    AssistantDeleted,
    AssistantPut,
    Budget,
    BudgetPut,
    BudgetWarned,
    DatasetDeleted,
    DatasetPut,
    TenantCreated,
    Tool,
    ToolDeleted,
    ToolPut,
)


class Tenant(msgspec.Struct, kw_only=True):
    """A customer: its name, its assistants, tools and datasets, what it may use, and of which periods (`(first day,
    user)`) it was warned. Every tenant has the assistant `default`. Versions, and the numbers of the last secrets of
    tools, outlive what they are of."""

    name: str = ""
    assistants: dict[str, Assistant] = msgspec.field(default_factory=lambda: {"default": Assistant()})
    versions: dict[str, int] = {}
    tools: dict[str, Tool] = {}
    tool_versions: dict[str, int] = {}
    secrets: dict[str, int] = {}
    datasets: dict[str, DatasetPut] = {}
    dataset_versions: dict[str, int] = {}
    budget: Budget = Budget()
    warned: set[tuple[str, str]] = set()


def evolve(tenant: Tenant, event: Event) -> Tenant:
    """The tenant after `event`, changed in place."""
    match event:
        case TenantCreated():
            tenant.name = event.name
        case AssistantPut():
            tenant.assistants[event.name] = event.assistant
            tenant.versions[event.name] = event.version
        case ToolPut():
            tenant.tools[event.name] = event.tool
            tenant.tool_versions[event.name] = event.version
            if event.tool.webhook:
                tenant.secrets[event.name] = event.tool.webhook.secret
        case DatasetPut():
            tenant.datasets[event.name] = event
            tenant.dataset_versions[event.name] = event.version
        case AssistantDeleted():
            tenant.assistants.pop(event.name, None)
            tenant.versions[event.name] = event.version
        case ToolDeleted():
            tenant.tools.pop(event.name, None)
            tenant.tool_versions[event.name] = event.version
        case DatasetDeleted():
            tenant.datasets.pop(event.name, None)
            tenant.dataset_versions[event.name] = event.version
        case BudgetPut():
            tenant.budget = event.budget
        case BudgetWarned():
            # Earlier periods are over: nobody asks for them again.
            tenant.warned = {one for one in tenant.warned if one[0] >= event.period} | {(event.period, event.user)}
        case _:
            pass
    return tenant
