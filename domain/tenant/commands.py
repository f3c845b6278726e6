"""What can be asked of a tenant."""

from __future__ import annotations

import msgspec

from domain.tenant.events import Assistant, Budget, Column, Tool


class CreateTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Open a tenant."""

    name: str


class PutAssistant(msgspec.Struct, frozen=True, kw_only=True):
    """Define an assistant, whole."""

    name: str
    assistant: Assistant


class PutTool(msgspec.Struct, frozen=True, kw_only=True):
    """Define a tool, whole."""

    name: str
    tool: Tool


class PutDataset(msgspec.Struct, frozen=True, kw_only=True):
    """Put a dataset in place of what was there under its name."""

    name: str
    columns: tuple[Column, ...]
    rows: int


class PutBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the tenant may use."""

    budget: Budget
