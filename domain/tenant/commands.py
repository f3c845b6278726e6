"""What can be asked of a tenant."""

from __future__ import annotations

import msgspec

from domain.tenant.assistant import Assistant
from domain.tenant.budget import Budget
from domain.tenant.document_collections import DocumentCollection
from domain.tenant.events import ApiKeyCreated, Column
from domain.tenant.tool import Tool


class CreateTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Open a tenant."""

    name: str


class PutAssistant(msgspec.Struct, frozen=True, kw_only=True):
    """Define an assistant, whole."""

    name: str
    assistant: Assistant


class DeleteAssistant(msgspec.Struct, frozen=True, kw_only=True):
    """Take an assistant away."""

    name: str


class PutCollection(msgspec.Struct, frozen=True, kw_only=True):
    """Say who may read a set of documents, whole."""

    name: str
    collection: DocumentCollection


class DeleteCollection(msgspec.Struct, frozen=True, kw_only=True):
    """Take a collection away that holds no document."""

    name: str


class PutTool(msgspec.Struct, frozen=True, kw_only=True):
    """Define a tool, whole. `rotate_secret`: its requests are signed with a new secret from now on."""

    name: str
    tool: Tool
    rotate_secret: bool = False


class DeleteTool(msgspec.Struct, frozen=True, kw_only=True):
    """Take a tool away."""

    name: str


class PutDataset(msgspec.Struct, frozen=True, kw_only=True):
    """Put a dataset in place of what was there under its name."""

    name: str
    columns: tuple[Column, ...]
    rows: int


class DeleteDataset(msgspec.Struct, frozen=True, kw_only=True):
    """Take a dataset away."""

    name: str


class PutBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the tenant may use."""

    budget: Budget


class PutIncidentWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Say which server is told of incidents; empty for none."""

    url: str


class CreateApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let a key act as a user."""

    key: ApiKeyCreated


class RevokeApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Take a key back."""

    key_id: str


class RevokeTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Take one token back, by the hash of its id, or all of a user's."""

    token: str = ""
    user: str = ""


class CloseTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Let nobody of the tenant in; or, not `closed`, everybody again."""

    closed: bool
