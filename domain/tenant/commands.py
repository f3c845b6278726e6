"""What can be asked of a tenant."""

from __future__ import annotations

import msgspec

from domain.tenant.events import Assistant


class CreateTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Open a tenant."""

    name: str


class PutAssistant(msgspec.Struct, frozen=True, kw_only=True):
    """Define an assistant, whole."""

    name: str
    assistant: Assistant
