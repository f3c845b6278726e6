"""The rules of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.event import Event
from domain.refusals import InUse, InvalidField, NotFound
from domain.tenant.budget import AgreedPrice
from domain.tenant.commands import (
    CloseTenant,
    CreateApiKey,
    CreateTenant,
    DeleteAssistant,
    DeleteCollection,
    DeleteDataset,
    DeleteTool,
    PutAssistant,
    PutBudget,
    PutCollection,
    PutDataset,
    PutIncidentWebhook,
    PutTool,
    RevokeApiKey,
    RevokeTokens,
)
from domain.tenant.document_collections import CollectionDeleted, CollectionPut
from domain.tenant.events import (
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
    TokensRevoked,
    ToolDeleted,
    ToolPut,
)
from domain.tenant.state import Tenant
from domain.tenant.tool import Tool
from domain.usage import family_of

MOST_DEFINITIONS = 200
"""Of each kind, in one tenant."""


def create_tenant(tenant: Tenant, command: CreateTenant) -> list[Event]:
    """A tenant is created once."""
    if tenant.erased:
        raise NotFound
    return [] if tenant.name else [TenantCreated(name=command.name)]


def erase_tenant(tenant: Tenant) -> list[Event]:
    """There is no way back."""
    return [] if tenant.erased else [TenantErased()]


def put_retention(tenant: Tenant, retention: Retention) -> list[Event]:
    """A retention that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    return [] if tenant.retention == retention else [RetentionPut(retention=retention)]


def put_assistant(tenant: Tenant, command: PutAssistant) -> list[Event]:
    """A definition that is already in force changes nothing, so caches that hang on the version stay warm."""
    if not tenant.name:
        raise NotFound
    if tenant.assistants.get(command.name) == command.assistant:
        return []
    check_room("assistants", tenant.assistants, command.name)
    version = tenant.versions.get(command.name, 0) + 1
    return [AssistantPut(name=command.name, assistant=command.assistant, version=version)]


def check_room(kind: str, known: Mapping[str, object], name: str) -> None:
    """InvalidField when the tenant has as many as it may, and this would be one more."""
    if name not in known and len(known) >= MOST_DEFINITIONS:
        raise InvalidField(f"name: at most {MOST_DEFINITIONS} {kind}; delete one first")


def delete_assistant(tenant: Tenant, command: DeleteAssistant) -> list[Event]:
    """Its sessions stay to be read; `default` stays, for it is whom everybody talks to who names nobody."""
    if command.name == "default":
        raise InUse("The assistant default is used by every session that names no other. It can be put anew.")
    if command.name not in tenant.assistants:
        raise NotFound
    return [AssistantDeleted(name=command.name, version=tenant.versions.get(command.name, 0) + 1)]


def put_collection(tenant: Tenant, command: PutCollection) -> list[Event]:
    """A collection that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    if tenant.collections.get(command.name) == command.collection:
        return []
    check_room("collections", tenant.collections, command.name)
    return [CollectionPut(name=command.name, collection=command.collection)]


def delete_collection(tenant: Tenant, command: DeleteCollection) -> list[Event]:
    """A collection that no assistant reads."""
    if command.name not in tenant.collections:
        raise NotFound
    if users := sorted(name for name, one in tenant.assistants.items() if command.name in one.collections):
        raise InUse(f"The collection {command.name} is read by the assistants {', '.join(users)}. Put them without it.")
    return [CollectionDeleted(name=command.name)]


def put_tool(tenant: Tenant, command: PutTool) -> list[Event]:
    """A tool that is already so changes nothing; a query needs its dataset to be there."""
    if not tenant.name:
        raise NotFound
    tool = _with_secret(tenant, command)
    if tenant.tools.get(command.name) == tool:
        return []
    if tool.query and tool.query.dataset not in tenant.datasets:
        raise InvalidField(f"query.dataset: there is no dataset {tool.query.dataset}")
    check_room("tools", tenant.tools, command.name)
    version = tenant.tool_versions.get(command.name, 0) + 1
    return [ToolPut(name=command.name, tool=tool, version=version)]


def _with_secret(tenant: Tenant, command: PutTool) -> Tool:
    """The secret goes on as long as there is a webhook to sign for and no other is wanted; none comes back."""
    webhook = command.tool.webhook
    if webhook is None:
        return command.tool
    known = tenant.tools.get(command.name)
    last = tenant.secrets.get(command.name, -1)
    goes_on = known is not None and known.webhook is not None and not command.rotate_secret
    number = last if goes_on else last + 1
    return msgspec.structs.replace(command.tool, webhook=msgspec.structs.replace(webhook, secret=number))


def delete_tool(tenant: Tenant, command: DeleteTool) -> list[Event]:
    """A tool that no assistant has."""
    if command.name not in tenant.tools:
        raise NotFound
    if users := sorted(name for name, one in tenant.assistants.items() if command.name in one.tools):
        raise InUse(f"The tool {command.name} is used by the assistants {', '.join(users)}. Put them without it first.")
    return [ToolDeleted(name=command.name, version=tenant.tool_versions[command.name] + 1)]


def tools_on(tenant: Tenant, dataset: str) -> dict[str, Tool]:
    """The tools that ask a dataset, by name."""
    return {name: tool for name, tool in sorted(tenant.tools.items()) if tool.query and tool.query.dataset == dataset}


def put_dataset(tenant: Tenant, command: PutDataset) -> list[Event]:
    """A dataset is replaced whole; each time is a new version, for its rows may differ."""
    if not tenant.name:
        raise NotFound
    check_room("datasets", tenant.datasets, command.name)
    version = tenant.dataset_versions.get(command.name, 0) + 1
    return [DatasetPut(name=command.name, columns=command.columns, rows=command.rows, version=version)]


def delete_dataset(tenant: Tenant, command: DeleteDataset) -> list[Event]:
    """A dataset that no tool asks. One that is not there changes nothing: its rows may have been left behind."""
    if users := tools_on(tenant, command.name):
        raise InUse(f"The dataset {command.name} is used by the tools {', '.join(users)}. Delete them first.")
    if command.name not in tenant.datasets:
        return []
    return [DatasetDeleted(name=command.name, version=tenant.dataset_versions[command.name] + 1)]


def put_budget(tenant: Tenant, command: PutBudget) -> list[Event]:
    """A budget that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    return [] if tenant.budget == command.budget else [BudgetPut(budget=command.budget)]


def put_incident_webhook(tenant: Tenant, command: PutIncidentWebhook) -> list[Event]:
    """An address that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    return [] if tenant.incident_webhook == command.url else [IncidentWebhookPut(url=command.url)]


def agree_on_price(tenant: Tenant, agreed: AgreedPrice) -> list[Event]:
    """A price that holds already changes nothing; another for the same model and date takes its place."""
    if not tenant.name:
        raise NotFound
    if len(tenant.prices) >= MOST_DEFINITIONS and not any(
        (one.model, one.since) == (agreed.model, agreed.since) for one in tenant.prices
    ):
        raise InvalidField(f"price: at most {MOST_DEFINITIONS} in one tenant")
    return [] if agreed in tenant.prices else [PriceAgreed(agreed=agreed)]


def price_at(tenant: Tenant, model: str, at: datetime) -> AgreedPrice | None:
    """The tenant's own price of a call that left then: the latest; of two of one date that of the model itself."""
    names = (family_of(model), model)
    found = [one for one in tenant.prices if one.model in names and one.since <= at]
    return max(found, key=lambda one: (one.since, one.model == model), default=None)


def warn_of_budget(tenant: Tenant, warning: BudgetWarned) -> list[Event]:
    """Each period is warned of once, for the tenant and for each user."""
    return [] if (warning.period, warning.user) in tenant.warned else [warning]


def create_api_key(tenant: Tenant, command: CreateApiKey) -> list[Event]:
    """Each is another one; there is room for so many."""
    if not tenant.name:
        raise NotFound
    check_room("API keys", tenant.api_keys, command.key.key_id)
    return [command.key]


def revoke_api_key(tenant: Tenant, command: RevokeApiKey) -> list[Event]:
    """Once; then there is no such key."""
    if command.key_id not in tenant.api_keys:
        raise NotFound
    return [ApiKeyRevoked(key_id=command.key_id)]


def revoke_tokens(tenant: Tenant, command: RevokeTokens) -> list[Event]:
    """Each time is a fact: it also ends what was issued since the last."""
    if not tenant.name:
        raise NotFound
    return [TokensRevoked(token=command.token, user=command.user)]


def close_tenant(tenant: Tenant, command: CloseTenant) -> list[Event]:
    """One that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    if tenant.closed == command.closed:
        return []
    return [TenantClosed() if command.closed else TenantReopened()]
