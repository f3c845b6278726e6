"""One run of the simulation: a seed, perhaps bugs that are planted, and what was found."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

from tests.simulation.event_loop import simulated_loop
from tests.simulation.faults import go_wrong
from tests.simulation.installation import Installation
from tests.simulation.invariants import judge
from tests.simulation.node import keep_tasks
from tests.simulation.world import World

EXPECTED = frozenset({"turn_end_not_stored", "session_parked", "session_still_parked", "model_failed"})
"""What the product may say at the level of errors while things go wrong."""

OF_ERASURES = frozenset({"NotOurMessage", "Fenced"})
"""Why tasks may end where sessions are erased: a message is still on its way when its key is gone; of several steps
after an answer, each finds that there is nothing more to say, and one alone is waited for."""


@dataclass(frozen=True)
class Outcome:
    """What came of one seed: what is wrong, what happened, how many seconds it played."""

    seed: int
    findings: tuple[str, ...]
    happened: Counter[str]
    turns: int
    seconds: float


def simulate(seed: int, plants: Collection[str] = (), told: list[str] | None = None) -> Outcome:
    """Play one seed. `told` takes the trace."""
    world = World(seed, frozenset(plants), told)
    random.seed(seed)  # what the product draws to spread its retries
    before = structlog.get_config()
    structlog.configure(
        processors=[_Alarms(world)],
        wrapper_class=structlog.make_filtering_bound_logger(30),
        cache_logger_on_first_use=False,
    )
    try:
        with asyncio.Runner(loop_factory=simulated_loop) as runner:
            return runner.run(_play(world))
    finally:
        structlog.configure(**before)


async def _play(world: World) -> Outcome:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(keep_tasks)
    loop.set_exception_handler(lambda _, about: _heard(world, about))
    house = Installation(world)
    try:
        await house.run(go_wrong)
        await judge(house)
    except Exception as error:
        world.find(f"the run broke: {type(error).__name__}: {error}")
        if world.told is not None:
            raise
    seconds, found = world.now, tuple(world.findings)
    for node in house.end():
        await node.gone()
    turns = sum(len(client.asked) for client in house.clients)
    return Outcome(world.seed, found, world.happened, turns, seconds)


def _heard(world: World, about: dict[str, Any]) -> None:
    """What asyncio says of tasks that ended unheard."""
    if not isinstance(about.get("exception"), asyncio.CancelledError):
        world.tell("asyncio", message=about.get("message"), error=repr(about.get("exception")))


class _Alarms:
    """Errors that the product logs and nothing here explains are findings."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, _: Any, level: str, event: MutableMapping[str, Any]) -> str:
        self._world.tell(f"log.{level}", **{key: value for key, value in event.items() if key != "exc_info"})
        late = event.get("reason") in OF_ERASURES and self._world.happened["asked_to_erase"]
        if level in ("error", "critical") and event["event"] not in EXPECTED and not late:
            self._world.find(f"{event['event']}: {event.get('reason') or event.get('exc_info')!r}")
        raise structlog.DropEvent
