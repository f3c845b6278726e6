"""What a turn is asked, by whom, and of which assistant."""

from __future__ import annotations

import msgspec

from application.gateway.call_log import Caller
from domain.dependence import EVERYTHING, NOTHING, THE_USER, Dependence
from domain.event import StreamId
from domain.session.events import ToolCalled
from domain.tenant.assistant import Assistant
from domain.tenant.readable import ONLY_OPEN
from domain.tenant.state import Tenant
from domain.tenant.tool import Tool
from domain.tenant.tool_definitions import offered


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked what, with which roles, and what the turn is called; `command` is what its facts follow from, `name`
    whom tools act for. `language` is the one that the client wants (BCP 47), `resumed` counts how often the turn was
    taken over: by then it is known from which `collections` it may be answered."""

    turn_id: str
    command: str
    user: str
    text: str
    name: str = ""
    roles: frozenset[str] = frozenset({"member"})
    groups: frozenset[str] = frozenset()
    language: str = ""
    attached: bool = False
    collections: tuple[str, ...] | None = None
    may_cache: bool = False
    resumed: int = 0

    @property
    def depends(self) -> Dependence:
        """What the answer hangs on before anything was done: of a turn that was taken over it is not known."""
        if self.resumed:
            return EVERYTHING
        return THE_USER if self.attached else NOTHING

    def caller(self, session: StreamId) -> Caller:
        """For whom its calls are made."""
        return Caller(tenant=session.tenant, user=self.user, session=session.id, turn=self.turn_id)


class AssistantConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The assistant that answers, in its version, what its tenant has set beside it, and the collections whose
    documents it may answer from: of its own those that its user may read."""

    name: str
    assistant: Assistant
    version: int
    tenant: Tenant
    collections: tuple[str, ...] = ONLY_OPEN

    @property
    def tools(self) -> dict[str, Tool]:
        """Those of the tenant's tools that the assistant may use, by name."""
        known = self.tenant.tools
        return offered({name: known[name] for name in self.assistant.tools if name in known})

    def dependence(self, call: ToolCalled) -> Dependence:
        """What an answer hangs on that such a call went into. One that failed may do better the next time."""
        tool = self.tools.get(call.name)
        return tool.depends if tool and call.status == "completed" else EVERYTHING
