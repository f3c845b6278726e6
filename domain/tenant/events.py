"""What can happen to a tenant."""

from __future__ import annotations

import msgspec

from domain.event import Event, topic

PII_DEFAULTS: dict[str, str] = dict.fromkeys(
    ("email", "phone", "card", "iban", "national_id", "ip", "credential", "person", "address"), "placeholder"
) | dict.fromkeys(("date", "organisation", "place"), "allow")


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which answer caches an assistant uses, how long (seconds) and how alike (cosine) a question must be."""

    exact: bool = True
    semantic: bool = True
    ttl_s: int = 86_400
    threshold: float = 0.85


class ModelPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The models of an assistant by tier; empty means the installation's own."""

    fast: str = ""
    balanced: str = ""


class Assistant(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant's assistant answers: what it is told, the plan it follows, its tools, and whether it reads the
    tenant's documents."""

    instructions: str = ""
    plan: str | tuple[str, ...] = "lean"
    models: ModelPolicy = ModelPolicy()
    tools: tuple[str, ...] = ()
    documents: bool = True
    cache: CachePolicy = CachePolicy()
    pii: dict[str, str] = {}


@topic("tenant.created.1")
class TenantCreated(Event, frozen=True, kw_only=True):
    """A customer was opened."""

    name: str


@topic("assistant.put.1")
class AssistantPut(Event, frozen=True, kw_only=True):
    """An assistant is now this, in its `version`."""

    name: str
    assistant: Assistant
    version: int
