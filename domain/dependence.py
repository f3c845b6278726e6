"""What an answer hangs on beside its question and the tenant's documents, and so to whom it may be given again."""

from __future__ import annotations

from typing import Literal

import msgspec

Audience = Literal["tenant", "user", "nobody"]
"""All in the tenant who may see the same; who asked, alone; nobody."""


class Dependence(msgspec.Struct, frozen=True, kw_only=True):
    """`personal`: on who asks. `live`: on when. `effects`: something was changed for it. There are no defaults, so that
    whatever declares one has thought of all three."""

    personal: bool
    live: bool
    effects: bool

    def __or__(self, other: Dependence) -> Dependence:
        """What hangs on both."""
        return Dependence(
            personal=self.personal or other.personal,
            live=self.live or other.live,
            effects=self.effects or other.effects,
        )

    @property
    def audience(self) -> Audience:
        """To whom an answer that hangs on this may be given again. A moment ends, and what was done is not done again
        by saying so."""
        if self.live or self.effects:
            return "nobody"
        return "user" if self.personal else "tenant"


NOTHING = Dependence(personal=False, live=False, effects=False)
THE_USER = Dependence(personal=True, live=False, effects=False)
EVERYTHING = Dependence(personal=True, live=True, effects=True)
"""What is not known is taken for this."""
BY_AUDIENCE: dict[Audience, Dependence] = {"tenant": NOTHING, "user": THE_USER, "nobody": EVERYTHING}
"""What an answer hangs on that goes on from one with this audience."""
