"""Builds a read model anew beside the live one, from the store's own log, and switches when it has caught up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from application.ports.facts.event_pipe import EventPipe
from application.ports.facts.event_store import EventLog
from domain.refusals import DependencyUnavailable
from projections import positions
from projections.leadership import Lead
from projections.model_generations import ModelGenerations
from projections.places import PostgresPlaces
from projections.positions import Generation
from projections.read_model import ReadModel
from projections.runner import Follower
from projections.transactions import Connection, Pool, writing

Progress = Callable[[int, int], None]
"""Called with how many positions are done, of how many."""
HOLD_S = 60
GRACE_S = 3.0
"""Readers look up the live generation at most this seldom."""


class Verdict(msgspec.Struct, frozen=True):
    """What `verify` found: two digests of the same facts, one of the live rows and one of freshly built ones."""

    name: str
    live: str
    rebuilt: str

    @property
    def equal(self) -> bool:
        """Whether the live read model is what its facts say."""
        return self.live == self.rebuilt


class Rebuilder:
    """Generations of one read model: the first, the next, and the comparison of two."""

    def __init__(self, store: EventLog, pipe: EventPipe, pool: Pool, lead: Lead, model: ReadModel, lanes: int) -> None:
        self._store, self._pipe, self._pool, self._lead = store, pipe, pool, lead
        self._model, self._lanes = model, lanes
        self._generations = ModelGenerations(pool, model, lanes)

    async def prepare(self, stop: asyncio.Event, progress: Progress | None = None) -> None:
        """See that a generation made by this program's code is live: begin the first, or rebuild an older one."""
        async with self._alone(stop) as leading:
            if not leading:
                return
            live = await self._generations.live()
            if live is None:
                await self._generations.begin_first()
            elif live.layout < self._model.layout:
                await self._rebuild(live, progress)

    async def rebuild(self, stop: asyncio.Event, progress: Progress | None = None) -> int:
        """Build the next generation and make it live; its number. Live traffic goes on meanwhile."""
        async with self._alone(stop) as leading:
            live = await self._generations.live()
            if not leading or live is None:
                raise DependencyUnavailable(f"{self._model.name} has not been started yet, or is being rebuilt.")
            return await self._rebuild(live, progress)

    async def verify(self, stop: asyncio.Event, progress: Progress | None = None) -> Verdict:
        """Build a generation, compare it with the live one at the same position, and drop it."""
        async with self._alone(stop) as leading:
            live = await self._generations.live()
            if not leading or live is None:
                raise DependencyUnavailable(f"{self._model.name} has not been started yet, or is being rebuilt.")
            followers = await self._build(await self._generations.positions_of(live.generation), progress)
            generation = followers[0].generation
            async with writing(self._pool) as connection:
                await self._meet(connection, live, followers)
                digest = await self._model.fingerprint(live.generation)
            verdict = Verdict(self._model.name, digest, await self._model.fingerprint(generation))
            await self._generations.discard(generation)
            return verdict

    @asynccontextmanager
    async def _alone(self, stop: asyncio.Event) -> AsyncIterator[bool]:
        async with self._lead(f"rebuild-{self._model.name}", stop) as leader:
            if leader:
                await self._generations.discard_leftovers()
            yield leader is not None

    async def _build(self, targets: list[int], progress: Progress | None) -> list[Follower]:
        """A new generation, brought up to a position in each lane."""
        generation = await self._generations.begin_next()
        places = PostgresPlaces(self._pool)
        followers = [Follower(self._store, places, self._model, generation, lane, 0) for lane in range(self._lanes)]
        for follower, target in zip(followers, targets, strict=True):
            while await follower.step(target):
                if progress:
                    progress(sum(f.position for f in followers), sum(targets))
        return followers

    async def _rebuild(self, live: Generation, progress: Progress | None) -> int:
        heads = [await self._store.head(lane) for lane in range(self._lanes)]
        followers = await self._build(heads, progress)
        generation = followers[0].generation
        async with writing(self._pool) as connection:
            await self._meet(connection, live, followers)
            await self._generations.switch(connection, live.generation, generation)
        await self._forget_readers(live.generation)
        await asyncio.sleep(GRACE_S)
        await self._model.sweep(live.generation)
        return generation

    async def _meet(self, connection: Connection, live: Generation, followers: list[Follower]) -> None:
        """Hold the live generation where it is and bring the new one at least there, so that readers never go back."""
        await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{HOLD_S}s'")
        for follower in followers:
            held = await positions.position_of(connection, self._model.name, live.generation, follower.lane, lock=True)
            await follower.catch_up(held)

    async def _forget_readers(self, generation: int) -> None:
        try:
            for lane in range(self._lanes):
                await self._pipe.forget(lane, f"{self._model.name}_{generation}")
        except DependencyUnavailable:
            pass  # an unused place in the pipe goes by itself after a week
