"""The rules of a tenant."""

from __future__ import annotations

from domain.event import Event
from domain.refusals import InvalidField, NotFound
from domain.tenant.commands import CreateTenant, PutAssistant, PutBudget, PutDataset, PutTool
from domain.tenant.events import AssistantPut, BudgetPut, BudgetWarned, DatasetPut, TenantCreated, ToolPut
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


def put_tool(tenant: Tenant, command: PutTool) -> list[Event]:
    """A tool that is already so changes nothing; a query needs its dataset to be there."""
    if not tenant.name:
        raise NotFound
    if tenant.tools.get(command.name) == command.tool:
        return []
    if command.tool.query and command.tool.query.dataset not in tenant.datasets:
        raise InvalidField(f"query.dataset: there is no dataset {command.tool.query.dataset}")
    version = tenant.tool_versions.get(command.name, 0) + 1
    return [ToolPut(name=command.name, tool=command.tool, version=version)]


def put_dataset(tenant: Tenant, command: PutDataset) -> list[Event]:
    """A dataset is replaced whole; each time is a new version, for its rows may differ."""
    if not tenant.name:
        raise NotFound
    known = tenant.datasets.get(command.name)
    version = known.version + 1 if known else 1
    return [DatasetPut(name=command.name, columns=command.columns, rows=command.rows, version=version)]


def put_budget(tenant: Tenant, command: PutBudget) -> list[Event]:
    """A budget that is already so changes nothing."""
    if not tenant.name:
        raise NotFound
    return [] if tenant.budget == command.budget else [BudgetPut(budget=command.budget)]


def warn_of_budget(tenant: Tenant, warning: BudgetWarned) -> list[Event]:
    """Each period is warned of once, for the tenant and for each user."""
    return [] if (warning.period, warning.user) in tenant.warned else [warning]
