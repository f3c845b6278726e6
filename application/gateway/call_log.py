"""Where the gateway writes its facts: some at once, before a call leaves; others with the next that must be stored."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from application.redaction.redactor import Redactor
from domain.event import Event
from domain.model_calls import TokensUsed
from domain.usage import Usage


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a call is made; the empty parts are not known or do not apply."""

    tenant: str
    user: str
    session: str = ""
    turn: str = ""

    def metadata(self, call_id: str, step: str) -> dict[str, str]:
        """What goes along with the call, so that the provider's own log can be matched with our ledger."""
        pairs = {
            "call_id": call_id,
            "tenant_id": self.tenant,
            "session_id": self.session,
            "turn_id": self.turn,
            "step": step,
        }
        return {key: value for key, value in pairs.items() if value}


class Journal(Protocol):
    """The facts of one turn, search or document, in order."""

    caller: Caller
    redactor: Redactor

    @property
    def ended(self) -> bool:
        """Whether what the calls are for is over: then nothing is tried again."""
        ...

    async def record(self, events: Sequence[Event]) -> None:
        """Store these facts now, after those noted before."""
        ...

    def note(self, event: Event) -> None:
        """Store this fact with the next ones."""
        ...


class SpentSoFar:
    """The sum of what was settled."""

    def __init__(self) -> None:
        self.usage, self.cost_usd = Usage(), Decimal(0)

    def add(self, used: TokensUsed) -> None:
        """Count one settled call."""
        self.usage += used.usage
        self.cost_usd += used.cost_usd
