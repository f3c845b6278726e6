"""A member calls a session of theirs by another title."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from application.clock import new_id
from application.execute import Context
from application.sessions.live_session import LiveSession
from domain.access import Principal
from domain.refusals import InvalidField
from domain.session import rules
from domain.session.commands import RenameSession

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class RenameSessionHandler:
    """The title that a user chose is not replaced by one that is found for the session later."""

    async def __call__(self, principal: Principal, live: LiveSession, title: str) -> None:
        """Store the title. InvalidField for one without a visible character, or a longer one than `LONGEST_TITLE`;
        SessionNotFound when the session was erased meanwhile."""
        line = in_one_line(title)
        if not line or len(line) > LONGEST_TITLE:
            raise InvalidField(f"title: 1 to {LONGEST_TITLE} characters that can be seen.")
        command = RenameSession(title=line)
        context = Context(principal.user, new_id())
        await live.commit(lambda session: rules.rename_session(session, command), context)


def in_one_line(title: str) -> str:
    """A title as it is kept: no line breaks, nothing that steers a terminal, nothing but what is seen at its ends."""
    visible = "".join(char for char in title if char.isspace() or unicodedata.category(char) not in ("Cc", "Cs"))
    line = " ".join(visible.split())
    return line if any(unicodedata.category(char)[0] not in "CZ" for char in line) else ""
