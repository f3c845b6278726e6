"""What can happen to a tenant."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from domain.event import Event, topic, upcast
from domain.tenant.assistant import Assistant
from domain.tenant.budget import AgreedPrice, Budget
from domain.tenant.tool import Tool


@topic("tenant.created.1")
class TenantCreated(Event, frozen=True, kw_only=True):
    """A customer was opened."""

    name: str


@topic("tenant.erased.1")
class TenantErased(Event, frozen=True, kw_only=True):
    """All that the customer ever gave us is gone; what it cost is not."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """After so many days something is erased by itself: a session since its latest turn, all else since it came. None:
    never."""

    session_days: int | None = None
    file_days: int | None = None
    document_days: int | None = None
    incident_days: int | None = None


@topic("retention.put.1")
class RetentionPut(Event, frozen=True, kw_only=True):
    """What the tenant has is now kept for so long."""

    retention: Retention


@topic("assistant.put.2", private=True)
class AssistantPut(Event, frozen=True, kw_only=True):
    """An assistant is now this, in its `version`: sealed, for its instructions are its tenant's own words."""

    name: str
    assistant: Assistant
    version: int


class Column(msgspec.Struct, frozen=True):
    """A column of a dataset; `type` is `text`, `number`, `integer`, `boolean`, `date` or `timestamp`."""

    name: str
    type: str


@topic("tool.put.2", private=True)
class ToolPut(Event, frozen=True, kw_only=True):
    """A tool is now this, in its `version`: sealed, for its address, query and description are its tenant's own."""

    name: str
    tool: Tool
    version: int


@topic("dataset.put.1")
class DatasetPut(Event, frozen=True, kw_only=True):
    """A dataset now has these columns and so many rows, in its `version`; the rows themselves are not in the event."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    version: int


@topic("assistant.deleted.1")
class AssistantDeleted(Event, frozen=True, kw_only=True):
    """There is no such assistant any more. That is a `version` too: one that is put later is no older one again."""

    name: str
    version: int


@topic("tool.deleted.1")
class ToolDeleted(Event, frozen=True, kw_only=True):
    """There is no such tool any more; see `AssistantDeleted`."""

    name: str
    version: int


@topic("dataset.deleted.1")
class DatasetDeleted(Event, frozen=True, kw_only=True):
    """There is no such dataset any more; see `AssistantDeleted`."""

    name: str
    version: int


@topic("incident_webhook.put.1", private=True)
class IncidentWebhookPut(Event, frozen=True, kw_only=True):
    """News of incidents go to this address; nowhere when it is empty."""

    url: str = ""


@topic("budget.put.1")
class BudgetPut(Event, frozen=True, kw_only=True):
    """What the tenant may use is now this."""

    budget: Budget


@topic("budget.warned.1")
class BudgetWarned(Event, frozen=True, kw_only=True):
    """Four fifths of a period's money are used. `period` is its first day, `user` empty when it is the tenant's own."""

    period: str
    limit_usd: Decimal
    used_usd: Decimal
    user: str = ""


@topic("price.agreed.1")
class PriceAgreed(Event, frozen=True, kw_only=True):
    """The tenant pays another price than the listed one from a date on, which may lie in the past."""

    agreed: AgreedPrice


@topic("api_key.created.1", private=True)
class ApiKeyCreated(Event, frozen=True, kw_only=True):
    """A key exists that acts as `user` (a pseudonym): of the key itself only its beginning and a hash (SHA-256) of all
    of it. Sealed, for its `name` is the admin's own words."""

    key_id: str
    name: str
    user: str
    prefix: str
    hash: bytes
    created_at: datetime


@topic("api_key.revoked.1")
class ApiKeyRevoked(Event, frozen=True, kw_only=True):
    """The key opens nothing any more."""

    key_id: str


@topic("tokens.revoked.1")
class TokensRevoked(Event, frozen=True, kw_only=True):
    """One token is refused, by the hash (SHA-256) of its id; or all that a user (a pseudonym) held then."""

    token: str = ""
    user: str = ""


@topic("tenant.closed.1")
class TenantClosed(Event, frozen=True, kw_only=True):
    """Nobody of the tenant is let in."""


@topic("tenant.reopened.1")
class TenantReopened(Event, frozen=True, kw_only=True):
    """The tenant's people are let in again."""


@upcast("assistant.put.1", "assistant.put.2")
@upcast("tool.put.1", "tool.put.2")
def sealed_since(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields; their first versions were stored in the clear."""
    return fields
