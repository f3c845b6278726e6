"""Where the generations of read models have come to, as what feeds them sees it: read, and moved with their rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from projections import positions
from projections.positions import Generation
from projections.transactions import Connection, Pool, writing


class ViewPlaces(Protocol):
    """The positions of all read models and of the relay."""

    async def live(self, name: str) -> Generation | None:
        """The live generation of a read model; None before the first."""
        ...

    async def of(self, name: str, generation: int, lane: int) -> int:
        """How far it has come; `Superseded` when it is gone."""
        ...

    def moving(
        self, name: str, generation: int, lane: int, old: int, new: int
    ) -> AbstractAsyncContextManager[Connection]:
        """A transaction for the rows that come with the move from `old` to `new`; `Superseded` when it is no longer at
        `old`: then nothing is kept."""
        ...

    async def note_relay(self, lane: int, position: int) -> None:
        """Note how far the relay has come."""
        ...


class PostgresPlaces:
    """`ViewPlaces` in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def live(self, name: str) -> Generation | None:
        """See `ViewPlaces`."""
        async with writing(self._pool) as connection:
            return await positions.live(connection, name)

    async def of(self, name: str, generation: int, lane: int) -> int:
        """See `ViewPlaces`."""
        async with writing(self._pool) as connection:
            return await positions.position_of(connection, name, generation, lane)

    @asynccontextmanager
    async def moving(self, name: str, generation: int, lane: int, old: int, new: int) -> AsyncIterator[Connection]:
        """See `ViewPlaces`."""
        async with writing(self._pool) as connection:
            await positions.move(connection, name, generation, lane, old, new)
            yield connection

    async def note_relay(self, lane: int, position: int) -> None:
        """See `ViewPlaces`."""
        await positions.note_relay(self._pool, lane, position)
