"""The generations of one read model: which is live, the next beside it, the switch, and the end of those that go."""

from __future__ import annotations

from projections import first_generations, positions
from projections.positions import Generation
from projections.read_model import ReadModel
from projections.transactions import Connection, Pool, writing


class ModelGenerations:
    """Of `model`, in `lanes` lanes."""

    def __init__(self, pool: Pool, model: ReadModel, lanes: int) -> None:
        self._pool, self._model, self._lanes = pool, model, lanes

    async def live(self) -> Generation | None:
        """The one that is read; None before the first."""
        async with writing(self._pool) as connection:
            return await positions.live(connection, self._model.name)

    async def begin_first(self) -> None:
        """Make an empty one and make it live."""
        async with writing(self._pool) as connection:
            await first_generations.begin(connection, self._model, self._lanes)

    async def begin_next(self) -> int:
        """Make an empty one beside the live one; its number."""
        async with writing(self._pool) as connection:
            generation = await positions.add_generation(connection, self._model.name, self._model.layout, self._lanes)
            await self._model.create(connection, generation)
        return generation

    async def positions_of(self, generation: int) -> list[int]:
        """How far it has come in each lane."""
        async with writing(self._pool) as connection:
            return [
                await positions.position_of(connection, self._model.name, generation, lane)
                for lane in range(self._lanes)
            ]

    async def switch(self, connection: Connection, before: int, generation: int) -> None:
        """Make one live instead of another, whose rows go; what it holds elsewhere is to be swept."""
        await positions.make_live(connection, self._model.name, generation)
        await self._model.publish(connection, generation)
        await positions.remove_generation(connection, self._model.name, before)
        await self._model.drop(connection, before)

    async def discard(self, generation: int) -> None:
        """Drop one that is not live."""
        async with writing(self._pool) as connection:
            await positions.remove_generation(connection, self._model.name, generation)
            await self._model.drop(connection, generation)
        await self._model.sweep(generation)

    async def discard_leftovers(self) -> None:
        """Drop those that somebody began and did not finish."""
        async with writing(self._pool) as connection:
            found = await positions.leftovers(connection, self._model.name)
        for generation in found:
            await self.discard(generation)
