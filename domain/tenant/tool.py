"""What a model may call for a tenant: a query, a webhook, or tools of somebody else's server."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from domain.dependence import Dependence

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
