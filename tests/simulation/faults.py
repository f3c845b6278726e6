"""What goes wrong in a simulated installation, and when: drawn from the seed before anything begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.simulation.bus import BUS
from tests.simulation.database import DATABASE
from tests.simulation.installation import Installation
from tests.simulation.world import ALL, CALM, Odds, World

FAULTS_S = 12.0
"""For so long things go wrong; then all is healed, and everything must come to its end."""
DEPENDENCIES = (DATABASE, BUS, "cache", "pipe", "items", "model")
LOOK_S = 0.25
CUTS_S = (0.3, 1.5, 5.0, 9.0)
Fault = Callable[[Installation], None]


def odds_of(world: World) -> Odds:
    """How unreliable this run's ways are."""
    draw = world.random
    level = draw.choice((0.0, 1.0, 1.0, 4.0))
    if not level:
        return CALM
    return Odds(lost=0.002 * level, answer_lost=0.002 * level, slow=0.02 * level, late=0.003 * level)


async def go_wrong(house: Installation) -> None:
    """Everything that the seed has for this run."""
    world, draw = house.world, house.world.random
    world.odds = odds_of(world)
    level = draw.choice((0.0, 1.0, 1.0, 3.0))
    house.shared.provider.fails = 0.04 * level
    bus, pipe = house.shared.bus, house.shared.pipe
    bus.lost, bus.doubled, bus.late = 0.03 * level, 0.03 * level, 0.05 * level
    pipe.drop, pipe.repeat, pipe.shuffle = 0.02 * level, 0.05 * level, 0.05 * level
    count = draw.choice((0, 1, 2, 4, 7))
    moments = sorted(draw.uniform(0.3, FAULTS_S) for _ in range(count))
    faults = [draw.choices(FAULTS, WEIGHTS)[0] for _ in moments]
    for moment, fault in zip(moments, faults, strict=True):
        await asyncio.sleep(max(0.0, moment - world.now))
        world.happened[fault.__name__] += 1
        fault(house)
    while world.now < FAULTS_S and not all(client.done for client in house.clients):
        await asyncio.sleep(LOOK_S)
    world.heal()
    house.shared.provider.fails = 0.0
    bus.lost = bus.doubled = bus.late = pipe.drop = pipe.repeat = pipe.shuffle = 0.0


def killed(house: Installation) -> None:
    """A process dies; another one is started a little later."""
    draw = house.world.random
    if draw.random() < 0.75 and (alive := house.alive()):
        house.kill_api(draw.choice(alive))
    elif house.workers:
        house.kill_worker(draw.choice(house.workers))


def rolled(house: Installation) -> None:
    """A process leaves on SIGTERM."""
    if alive := [api for api in house.alive() if not api.draining]:
        house.roll(house.world.random.choice(alive))


def frozen(house: Installation) -> None:
    """A process stands still, as a machine does that is moved, and then goes on as if nothing had been."""
    draw, world = house.world.random, house.world
    nodes = [api.node for api in house.alive()] + [node for node in house.workers if not node.dead]
    if nodes:
        node = draw.choice(nodes)
        node.frozen_until = world.now + draw.choice((0.5, 4.0, 9.0))
        world.tell("frozen", node=node.name, until=node.frozen_until)


def cut_off(house: Installation) -> None:
    """One process and one of the services do not reach each other."""
    draw, world = house.world.random, house.world
    names = [api.node.name for api in house.alive()] + [node.name for node in house.workers]
    if names:
        node, dependency, seconds = draw.choice(names), draw.choice(DEPENDENCIES), draw.choice(CUTS_S)
        world.cut(node, dependency, seconds)
        world.tell("cut_off", node=node, of=dependency, s=seconds)


def away(house: Installation) -> None:
    """One of the services is away for all."""
    draw, world = house.world.random, house.world
    dependency, seconds = draw.choice(DEPENDENCIES), draw.choice(CUTS_S)
    world.cut(ALL, dependency, seconds)
    world.tell("away", what=dependency, s=seconds)


def clock_jumped(house: Installation) -> None:
    """A process's wall clock is set, forward or back."""
    draw = house.world.random
    if alive := house.alive():
        api = draw.choice(alive)
        api.node.clock.off_s += draw.choice((-300.0, -20.0, -1.0, 1.0, 20.0, 300.0))
        house.world.tell("clock_jumped", node=api.node.name, off=api.node.clock.off_s)


def disconnected(house: Installation) -> None:
    """Some clients lose their connections."""
    draw = house.world.random
    for connection in house.connections:
        if draw.random() < 0.6:
            connection.breaks()
    house.world.tell("disconnected")


def pipe_lost(house: Installation) -> None:
    """The pipe's stream is gone, with what it held."""
    house.shared.pipe.lose_all()
    house.world.tell("pipe_lost")


FAULTS: tuple[Fault, ...] = (killed, rolled, frozen, cut_off, away, clock_jumped, disconnected, pipe_lost)
WEIGHTS = (6, 2, 3, 4, 3, 1, 3, 1)
