"""What can happen to a tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from domain.dependence import Dependence
from domain.event import Event, topic, upcast
from domain.models import Price

PII_DEFAULTS: dict[str, str] = dict.fromkeys(
    ("email", "phone", "card", "iban", "national_id", "ip", "credential", "person", "address"), "placeholder"
) | dict.fromkeys(("date", "organisation", "place"), "allow")


Semantic = Literal["off", "strict", "verified"]
THRESHOLDS: dict[Semantic, float] = {"off": 0.85, "strict": 0.85, "verified": 0.55}


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which answer caches an assistant uses, how long (seconds) and how alike (cosine) a question must be; None: as
    alike as its mode wants.

    `semantic`: `strict` gives an answer again where grammar shows that two questions are one; `verified` also where a
    model says so. True, as it was stored once, is `strict`, and False is `off`.
    """

    exact: bool = True
    semantic: Semantic | bool = "strict"
    ttl_s: int = 86_400
    threshold: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.semantic, bool):
            msgspec.structs.force_setattr(self, "semantic", "strict" if self.semantic else "off")
        if self.threshold is None:
            msgspec.structs.force_setattr(self, "threshold", THRESHOLDS[self.mode])

    @property
    def mode(self) -> Semantic:
        """`semantic` by its name."""
        return self.semantic if isinstance(self.semantic, str) else "strict"

    @property
    def at_least(self) -> float:
        """The cosine from which a question is a candidate."""
        return THRESHOLDS[self.mode] if self.threshold is None else self.threshold


class ModelPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The models of an assistant by tier; empty means the installation's own. An application's inference profile is
    named with its model, `ARN#ID`. `allowed` (model ids or families) and
    `regions` (prefixes of inference profiles: `us`, `eu`, `global`, ...) narrow what the router may choose; empty means
    all."""

    fast: str = ""
    balanced: str = ""
    allowed: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Assistant(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant's assistant answers: what it is told, the plan it follows, its tools, and whether it reads the
    tenant's documents. `links` are the hosts that its answers may link to (`*.example.com`: and those below); none
    when empty. `pictures`: whether pictures that a user attaches go to the model. What they show cannot be redacted.
    Where `roles` or `groups` are named, it is for whoever has one of them; else for every member. Where `collections`
    are named, it reads of these what its user may read; else all that the user may. Where it is `confidential`, its
    sessions' costs and what was said in them are shown to those analysts and auditors alone whom it is for."""

    instructions: str = ""
    plan: str | tuple[str, ...] = "lean"
    models: ModelPolicy = ModelPolicy()
    tools: tuple[str, ...] = ()
    documents: bool = True
    cache: CachePolicy = CachePolicy()
    pii: dict[str, str] = {}
    links: tuple[str, ...] = ()
    pictures: bool = False
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    confidential: bool = False

    def is_for(self, roles: Iterable[str], groups: Iterable[str]) -> bool:
        """Whether somebody with these may talk to it; for everybody else there is no such assistant."""
        if not (self.roles or self.groups):
            return True
        return not {*self.roles}.isdisjoint(roles) or not {*self.groups}.isdisjoint(groups)


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


CLOCK = frozenset(
    ("current_date", "current_timestamp", "current_time", "localtime", "localtimestamp", "now", "today", "tomorrow",
     "yesterday", "age")
)  # fmt: skip
"""Words by which SQL asks for the time."""
_SQL_WORD = re.compile(r"[a-z_]++")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One SELECT over one of the tenant's datasets; its parameters are `:name`, named as in the input schema."""

    dataset: str
    sql: str

    @property
    def depends(self) -> Dependence:
        """The rows are the same for all who ask, and at all times if it does not ask for the time itself."""
        live = not CLOCK.isdisjoint(_SQL_WORD.findall(self.sql.lower()))
        return Dependence(personal=False, live=live, effects=False)


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A signed HTTPS request to somebody else's server; `secret` is the number of the secret that it is signed with."""

    url: str
    secret: int = 0

    @property
    def depends(self) -> Dependence:
        """It acts as the user, and its server says what is so now."""
        return Dependence(personal=True, live=True, effects=False)


class ServerTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of a server, as the server described it when it was asked; `effects` unless it said that it only reads."""

    name: str
    description: str
    input_schema: dict[str, Any]
    effects: bool = True


class Mcp(msgspec.Struct, frozen=True, kw_only=True):
    """Tools of somebody else's server, by the Model Context Protocol. The value of the secret `header` is sealed."""

    url: str
    tools: tuple[ServerTool, ...] = ()
    header: str = ""
    sealed: str = ""

    @property
    def depends(self) -> Dependence:
        """As with a webhook."""
        return Dependence(personal=True, live=True, effects=False)


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What a model may call: exactly one of `query`, `webhook` and `mcp`, which brings tools of its own. `effects` says
    that a call changes something, and is therefore never made twice; `confirm`, that its user is asked before each.
    `personal` and `live` say whether a result hangs on who asks and on when; None: as it is with its kind."""

    description: str
    input_schema: dict[str, Any]
    effects: bool = False
    confirm: bool = False
    personal: bool | None = None
    live: bool | None = None
    query: Query | None = None
    webhook: Webhook | None = None
    mcp: Mcp | None = None

    @property
    def executor(self) -> Query | Webhook | Mcp:
        """What runs it."""
        found = self.query or self.webhook or self.mcp
        if found is None:
            raise ValueError("a tool has a query or a webhook")
        return found

    @property
    def depends(self) -> Dependence:
        """What an answer hangs on for which it was called."""
        own = self.executor.depends
        return Dependence(
            personal=own.personal if self.personal is None else self.personal,
            live=own.live if self.live is None else self.live,
            effects=self.effects,
        )


class Column(msgspec.Struct, frozen=True):
    """A column of a dataset; `type` is `text`, `number`, `integer`, `boolean`, `date` or `timestamp`."""

    name: str
    type: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be used; None is without limit. Money is US dollars in the budget's period."""

    limit_usd: Decimal | None = None
    tokens_per_minute: int | None = None
    requests_per_minute: int | None = None
    concurrent_turns: int | None = None


class Budget(Limits, frozen=True, kw_only=True):
    """What a tenant may use in all, and in it each of its users. Periods are calendar days and months in UTC."""

    period: Literal["day", "month"] = "month"
    per_user: Limits = Limits()


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


class AgreedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant pays for a model (an id or a family), for calls that leave at `since` or later."""

    model: str
    since: datetime
    price: Price

    @property
    def version(self) -> str:
        """Its name in the costs, beside the names of price lists."""
        return f"agreed-{self.since:%Y-%m-%d}"


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
