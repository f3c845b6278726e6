"""What a tenant must remember in order to decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from domain.event import Event
from domain.tenant import service_accounts as machines
from domain.tenant.assistant import Assistant
from domain.tenant.budget import AgreedPrice, Budget
from domain.tenant.document_collections import CollectionDeleted, CollectionPut, DocumentCollection
from domain.tenant.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    AssistantDeleted,
    AssistantPut,
    BudgetPut,
    BudgetWarned,
    DatasetDeleted,
    DatasetPut,
    IncidentWebhookPut,
    PriceAgreed,
    Retention,
    RetentionPut,
    TenantClosed,
    TenantCreated,
    TenantErased,
    TenantReopened,
    ToolDeleted,
    ToolPut,
)
from domain.tenant.tool import Tool

T = TypeVar("T")


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer: its name, its assistants, tools and datasets, what it may use, of which periods (`(first day, user)`)
    it was warned, its own prices by date, and its keys by their ids. Every tenant has the assistant `default`.
    Versions, and the numbers of the last secrets of tools, outlive what they are of."""

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
    prices: tuple[AgreedPrice, ...] = ()
    api_keys: dict[str, ApiKeyCreated] = {}
    service_accounts: dict[str, machines.ServiceAccount] = {}
    incident_webhook: str = ""
    closed: bool = False
    retention: Retention = Retention()
    erased: bool = False
    collections: dict[str, DocumentCollection] = {}


def evolve(tenant: Tenant, event: Event) -> Tenant:
    """The tenant after `event`; the one before it stays as it was."""
    change = CHANGES.get(type(event))
    return change(tenant, event) if change else tenant


def _with_assistant(tenant: Tenant, event: AssistantPut) -> Tenant:
    assistants = tenant.assistants | {event.name: event.assistant}
    return replace(tenant, assistants=assistants, versions=tenant.versions | {event.name: event.version})


def _without_assistant(tenant: Tenant, event: AssistantDeleted) -> Tenant:
    versions = tenant.versions | {event.name: event.version}
    return replace(tenant, assistants=_without(tenant.assistants, event.name), versions=versions)


def _with_tool(tenant: Tenant, event: ToolPut) -> Tenant:
    webhook = event.tool.webhook
    return replace(
        tenant,
        tools=tenant.tools | {event.name: event.tool},
        tool_versions=tenant.tool_versions | {event.name: event.version},
        secrets=tenant.secrets | {event.name: webhook.secret} if webhook else tenant.secrets,
    )


def _without_tool(tenant: Tenant, event: ToolDeleted) -> Tenant:
    versions = tenant.tool_versions | {event.name: event.version}
    return replace(tenant, tools=_without(tenant.tools, event.name), tool_versions=versions)


def _with_dataset(tenant: Tenant, event: DatasetPut) -> Tenant:
    versions = tenant.dataset_versions | {event.name: event.version}
    return replace(tenant, datasets=tenant.datasets | {event.name: event}, dataset_versions=versions)


def _without_dataset(tenant: Tenant, event: DatasetDeleted) -> Tenant:
    versions = tenant.dataset_versions | {event.name: event.version}
    return replace(tenant, datasets=_without(tenant.datasets, event.name), dataset_versions=versions)


def _warned(tenant: Tenant, event: BudgetWarned) -> Tenant:
    # Earlier periods are over: nobody asks for them again.
    kept = {one for one in tenant.warned if one[0] >= event.period}
    return replace(tenant, warned=kept | {(event.period, event.user)})


def _with_price(tenant: Tenant, event: PriceAgreed) -> Tenant:
    agreed = event.agreed
    others = [one for one in tenant.prices if (one.model, one.since) != (agreed.model, agreed.since)]
    return replace(tenant, prices=tuple(sorted([*others, agreed], key=lambda one: (one.since, one.model))))


def _without(named: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in named.items() if key != name}


CHANGES: dict[type[Event], Callable[[Tenant, Any], Tenant]] = {
    TenantCreated: lambda tenant, event: replace(tenant, name=event.name),
    TenantErased: lambda tenant, event: Tenant(erased=True),
    RetentionPut: lambda tenant, event: replace(tenant, retention=event.retention),
    AssistantPut: _with_assistant,
    AssistantDeleted: _without_assistant,
    ToolPut: _with_tool,
    ToolDeleted: _without_tool,
    CollectionPut: lambda tenant, event: replace(
        tenant, collections=tenant.collections | {event.name: event.collection}
    ),
    CollectionDeleted: lambda tenant, event: replace(tenant, collections=_without(tenant.collections, event.name)),
    DatasetPut: _with_dataset,
    DatasetDeleted: _without_dataset,
    BudgetPut: lambda tenant, event: replace(tenant, budget=event.budget),
    BudgetWarned: _warned,
    IncidentWebhookPut: lambda tenant, event: replace(tenant, incident_webhook=event.url),
    PriceAgreed: _with_price,
    ApiKeyCreated: lambda tenant, event: replace(tenant, api_keys=tenant.api_keys | {event.key_id: event}),
    TenantClosed: lambda tenant, _: replace(tenant, closed=True),
    TenantReopened: lambda tenant, _: replace(tenant, closed=False),
    ApiKeyRevoked: lambda tenant, event: replace(tenant, api_keys=_without(tenant.api_keys, event.key_id)),
    machines.ServiceAccountCreated: lambda tenant, event: replace(
        tenant, service_accounts=machines.with_created(tenant.service_accounts, event)
    ),
    machines.ServiceAccountRotated: lambda tenant, event: replace(
        tenant, service_accounts=machines.with_rotated(tenant.service_accounts, event)
    ),
    machines.ServiceAccountRemoved: lambda tenant, event: replace(
        tenant, service_accounts=_without(tenant.service_accounts, event.account_id)
    ),
}
"""How each fact that decides something changes a tenant."""
