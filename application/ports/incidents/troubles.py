"""What went wrong behind the scenes that a tenant is told of by an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from domain.incident.events import Cause


class Trouble(msgspec.Struct, frozen=True):
    """Whose it is, what it is, and when it was found."""

    tenant: str
    cause: Cause
    at: datetime


class Troubles(Protocol):
    """Reads them."""

    async def known(self) -> list[Trouble]:
        """Logs whose last check found something, and, a day each, sessions that a read model cannot follow."""
        ...
