"""Revocations in a list that several processes may share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from application.clock import now
from application.ports.people.revocations import MOST_OF_A_TENANT, Revocation, ToldRevocation, told
from domain.refusals import RateLimited


class InMemoryRevocations:
    """See the port; `quiet`, its news are lost."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], tuple[datetime, Revocation]] = {}
        self.quiet = False
        self._heard: list[Callable[[], None]] = []
        self._clock = now()

    async def add(self, revocation: Revocation) -> None:
        tenants = [key for key in self.rows if key[0] == revocation.tenant]
        if revocation.kind != "tenant" and len(tenants) >= MOST_OF_A_TENANT:
            raise RateLimited(retry_after_s=60)
        self._clock += timedelta(milliseconds=1)
        self.rows[revocation.tenant, revocation.kind, revocation.name] = (self._clock, revocation)
        for heard in [] if self.quiet else self._heard:
            heard()

    async def fetch(self, after: datetime | None) -> tuple[list[ToldRevocation], datetime | None]:
        found = sorted((row for row in self.rows.values() if after is None or row[0] > after), key=lambda row: row[0])
        return [told(one) for _, one in found], found[-1][0] if found else None

    def on_news(self, heard: Callable[[], None]) -> None:
        self._heard.append(heard)
