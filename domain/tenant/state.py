"""What a tenant must remember in order to decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

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

T = TypeVar("T")


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
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
    """The tenant after `event`; the one before it stays as it was."""
    match event:
        case TenantCreated():
            return replace(tenant, name=event.name)
        case AssistantPut():
            assistants = tenant.assistants | {event.name: event.assistant}
            return replace(tenant, assistants=assistants, versions=tenant.versions | {event.name: event.version})
        case ToolPut():
            return _with_tool(tenant, event)
        case DatasetPut():
            versions = tenant.dataset_versions | {event.name: event.version}
            return replace(tenant, datasets=tenant.datasets | {event.name: event}, dataset_versions=versions)
        case AssistantDeleted():
            versions = tenant.versions | {event.name: event.version}
            return replace(tenant, assistants=_without(tenant.assistants, event.name), versions=versions)
        case ToolDeleted():
            versions = tenant.tool_versions | {event.name: event.version}
            return replace(tenant, tools=_without(tenant.tools, event.name), tool_versions=versions)
        case DatasetDeleted():
            versions = tenant.dataset_versions | {event.name: event.version}
            return replace(tenant, datasets=_without(tenant.datasets, event.name), dataset_versions=versions)
        case BudgetPut():
            return replace(tenant, budget=event.budget)
        case BudgetWarned():
            # Earlier periods are over: nobody asks for them again.
            kept = {one for one in tenant.warned if one[0] >= event.period}
            return replace(tenant, warned=kept | {(event.period, event.user)})
        case _:
            return tenant


def _with_tool(tenant: Tenant, event: ToolPut) -> Tenant:
    webhook = event.tool.webhook
    return replace(
        tenant,
        tools=tenant.tools | {event.name: event.tool},
        tool_versions=tenant.tool_versions | {event.name: event.version},
        secrets=tenant.secrets | {event.name: webhook.secret} if webhook else tenant.secrets,
    )


def _without(named: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in named.items() if key != name}
