"""Feeds a read model: facts from the pipe, in order and without holes; what the pipe has lost comes from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import structlog

from application.clock import monotonic
from application.failure_classes import POISON, class_of
from application.ports.facts.event_pipe import EventPipe
from application.ports.facts.event_store import EventLog, Recorded
from application.tasks import Up, idle, pause
from domain.refusals import DependencyUnavailable
from projections.leadership import Lead, Leader
from projections.metrics import BATCH_SECONDS, BLOCKED, PROJECTED
from projections.places import ViewPlaces
from projections.positions import Superseded
from projections.read_model import ReadModel

BATCH = 500
FETCH_S = 1.0
CHECK_S = 15.0
SUPERSEDED_S = 2.0
BLOCKED_S = 10.0

log = structlog.get_logger()


AroundBatch = Callable[[str, int, Sequence[Recorded]], AbstractContextManager[None]]
"""What a batch runs in: the read model's name, the lane, and the facts."""


def around_nothing(projection: str, lane: int, facts: Sequence[Recorded]) -> AbstractContextManager[None]:
    """Nobody looks at batches one by one."""
    return nullcontext()


class Ahead(Exception):
    """The read model has seen facts that the store does not have: the store was set back."""


class Follower:
    """One generation of a read model in one lane, and the position it has reached."""

    def __init__(
        self,
        store: EventLog,
        places: ViewPlaces,
        model: ReadModel,
        generation: int,
        lane: int,
        position: int,
        around: AroundBatch = around_nothing,
    ) -> None:
        self._store, self._places, self.model, self._around = store, places, model, around
        self.generation, self.lane, self.position = generation, lane, position

    async def take(self, facts: Sequence[Recorded]) -> None:
        """Apply what is new among `facts`, which may come in any order, repeated, and with some missing."""
        new = sorted({fact.position: fact for fact in facts if fact.position > self.position}.values(), key=_position)
        if not new:
            return
        if self._follows(new):
            await self._apply(new)
        else:
            await self.catch_up(new[-1].position)

    def _follows(self, facts: Sequence[Recorded]) -> bool:
        """Whether nothing is missing between the position reached and the last of these."""
        before = [self.position, *(fact.position for fact in facts)]
        return all(fact.previous == previous and fact.state for fact, previous in zip(facts, before, strict=False))

    async def catch_up(self, upto: int) -> None:
        """Apply the store's own log up to position `upto`."""
        while await self.step(upto):
            pass

    async def step(self, upto: int) -> bool:
        """Apply one batch of the store's log, not beyond `upto`; whether there was anything to do."""
        if self.position >= upto:
            return False
        facts = await self._store.read_log(self.lane, after=self.position, limit=BATCH)
        facts = [fact for fact in facts if fact.position <= upto]
        if not facts:
            raise Ahead(f"position {upto} is not in the store")
        await self._apply(facts)
        return True

    async def _apply(self, facts: Sequence[Recorded]) -> None:
        with BATCH_SECONDS.labels(self.model.name).time(), self._around(self.model.name, self.lane, facts):
            effect = await self.model.apply(self.generation, self.lane, facts)
            place = (self.model.name, self.generation, self.lane)
            async with self._places.moving(*place, self.position, facts[-1].position) as connection:
                await effect(connection)
        PROJECTED.labels(self.model.name).inc(len(facts))
        self.position = facts[-1].position


class Runner:
    """Keeps one read model up to date in one lane. Any number may run; one leads."""

    def __init__(
        self,
        store: EventLog,
        pipe: EventPipe,
        places: ViewPlaces,
        lead: Lead,
        model: ReadModel,
        lane: int,
        blocked_s: float = BLOCKED_S,
        around: AroundBatch = around_nothing,
    ) -> None:
        self._store, self._pipe, self._places, self._alone = store, pipe, places, lead
        self._model, self._lane, self._blocked_s, self._around = model, lane, blocked_s, around

    async def run(self, stop: asyncio.Event, up: Up = idle) -> None:
        """Follow until `stop`. It ends with whatever goes wrong; begun again it goes on from the position reached. What
        must not be skipped and cannot be read stops the model and sounds the alarm: it is tried again and again."""
        name = self._model.name
        while not stop.is_set():
            try:
                async with self._alone(f"project-{name}-{self._lane}", stop) as leader:
                    while leader and not stop.is_set():
                        await self._follow(leader, stop, up)
            except Superseded:
                log.info("projection_superseded", projection=name, lane=self._lane)
                await pause(stop, SUPERSEDED_S)
            except Exception as error:
                if class_of(error) is not POISON or isinstance(error, DependencyUnavailable):
                    raise  # it passes, or waits until somebody mends it: the loop begins again, later each time
                BLOCKED.labels(name).set(1)
                log.critical("projection_blocked", projection=name, lane=self._lane, reason=str(error))
                await pause(stop, self._blocked_s)
                raise

    async def _follow(self, leader: Leader, stop: asyncio.Event, up: Up) -> None:
        follower = await self._live()
        await self._model.resume(follower.generation, self._lane)
        # The pipe keeps only so much, and may be away: what there is already comes from the store. The second time is
        # for what was stored before the reader had its place in the pipe.
        await self._catch_up(follower)
        reader = await self._pipe.reader(self._lane, f"{self._model.name}_{follower.generation}")
        await self._catch_up(follower)
        BLOCKED.labels(self._model.name).set(0)
        up()
        checked = monotonic()
        while not stop.is_set():
            facts = await reader.fetch(BATCH, timeout_s=FETCH_S)
            if facts:
                await follower.take(facts)
                await reader.acknowledge()
            up()
            if monotonic() - checked > CHECK_S:
                await leader.check()
                await self._catch_up(follower)  # what the pipe lost or spoilt and nothing followed
                await self._model.resume(follower.generation, self._lane)
                checked = monotonic()

    async def _catch_up(self, follower: Follower) -> None:
        head = await self._store.head(self._lane)
        if follower.position > head:
            raise Ahead(f"at position {follower.position}, and the store ends at {head}")
        await follower.catch_up(head)

    async def _live(self) -> Follower:
        """The live generation, if this program's code made it; `Superseded` while another version's is live."""
        live = await self._places.live(self._model.name)
        if live is None or live.layout != self._model.layout:
            raise Superseded
        position = await self._places.of(self._model.name, live.generation, self._lane)
        return Follower(self._store, self._places, self._model, live.generation, self._lane, position, self._around)


def _position(fact: Recorded) -> int:
    return fact.position
