"""What a read model is to the machinery that feeds, rebuilds and reports it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from application.ports.facts.event_store import Recorded
from projections.transactions import Connection

Effect = Callable[[Connection], Awaitable[None]]


class ReadModel(Protocol):
    """A view that is derived from facts alone. Raise `layout` with every change of what it holds: it is then built
    anew beside the old one."""

    name: str
    layout: int

    @staticmethod
    async def create(connection: Connection, generation: int) -> None:
        """Make the tables of a generation."""
        ...

    @staticmethod
    async def publish(connection: Connection, generation: int) -> None:
        """Let readers see this generation from the commit on."""
        ...

    async def drop(self, connection: Connection, generation: int) -> None:
        """Remove a generation's tables."""
        ...

    async def sweep(self, generation: int) -> None:
        """Remove what a generation keeps outside the database."""
        ...

    async def resume(self, generation: int, lane: int) -> None:
        """Take up again what was put aside; called when a process begins to feed the live generation, and now and then
        while it does."""
        ...

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """Do what can be repeated without harm; the effect returned runs in the transaction that moves the position.

        Facts come in order, without holes, and may come again until that transaction has committed. `Unreadable` when
        one must not be skipped and cannot be read; topics that nobody here knows were written by a newer program and
        are no error.
        """
        ...

    async def fingerprint(self, generation: int) -> str:
        """A digest of all rows, equal for generations built from the same facts."""
        ...


class Unreadable(Exception):
    """A fact that must not be skipped cannot be read."""
