"""Which model a step goes to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from domain.tenant.events import Assistant

Tier = Literal["fast", "balanced"]


class Route(msgspec.Struct, frozen=True):
    """A model (inference profile id) and the reason for it."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Router:
    """Picks by a table: a tier's model, or the assistant's own for that tier."""

    fast: str
    balanced: str

    def route(self, tier: Tier, assistant: Assistant) -> Route:
        """The model for a step of `tier`."""
        own = assistant.models.fast if tier == "fast" else assistant.models.balanced
        if own:
            return Route(own, f"assistant:{tier}")
        return Route(self.fast if tier == "fast" else self.balanced, f"tier:{tier}")
