"""What all simulated processes live in: the seed, the time, the trace, and which ways between them are cut."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from domain.refusals import DependencyUnavailable

START_S = 1_795_000_000.0
"""When all simulations begin, in seconds since 1970."""
ALL = "*"


class Caller(Protocol):
    """A process that calls a port."""

    name: str
    frozen_until: float

    def check(self) -> None:
        """Nothing is sent by the dead."""
        ...


@dataclass(frozen=True)
class Odds:
    """Chances of one call of a port: to be lost on its way, to lose its answer, to be slow, to be done although its
    caller was told that nobody knows."""

    lost: float = 0.0
    answer_lost: float = 0.0
    slow: float = 0.02
    late: float = 0.0


CALM = Odds()


@dataclass
class World:
    """One run. `odds` hold while faults are allowed; `plants` are the bugs that were planted, by name."""

    seed: int
    plants: frozenset[str] = frozenset()
    told: list[str] | None = None
    odds: Odds = CALM
    random: Random = field(init=False)
    apart: Random = field(init=False)
    happened: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    _cut: dict[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.apart = Random(-self.seed - 1)  # what is drawn of it changes nothing of all else

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time()

    def tell(self, what: str, /, **about: object) -> None:
        """A line of the trace, if anybody reads it."""
        if self.told is not None:
            self.told.append(f"{self.now:9.4f} {what} " + " ".join(f"{k}={v}" for k, v in about.items()))

    def find(self, what: str) -> None:
        """Something is not as it must be."""
        self.findings.append(what)
        self.tell("FINDING", what=what)

    def cut(self, node: str, dependency: str, seconds: float) -> None:
        """Nothing passes between these for so long; `ALL` stands for every process."""
        key = (node, dependency)
        self._cut[key] = max(self._cut.get(key, 0.0), self.now + seconds)

    def heal(self) -> None:
        """All ways are open, and no call is lost any more."""
        self._cut.clear()
        self.odds = CALM

    def cut_until(self, node: str, dependency: str) -> float:
        """When the way is open again; 0 while it is."""
        if not self._cut:
            return 0.0
        until = max(self._cut.get((node, dependency), 0.0), self._cut.get((ALL, dependency), 0.0))
        return until if until > self.now else 0.0

    def happens(self, chance: float) -> bool:
        """Whether something of that chance happens now."""
        return chance > 0.0 and self.random.random() < chance

    async def cross(self, node: Caller, dependency: str) -> None:
        """A call on its way; `DependencyUnavailable` when it does not come through."""
        node.check()
        draw = self.random.random()
        if draw < self.odds.slow:
            await asyncio.sleep(self.random.choice((0.005, 0.03, 0.3)))
        elif draw < 0.5:
            await asyncio.sleep(0)
        while node.frozen_until > self.now:
            await asyncio.sleep(node.frozen_until - self.now)
        node.check()
        if until := self.cut_until(node.name, dependency):
            await asyncio.sleep(min(until - self.now, self.random.choice((0.001, 0.2, 1.0))))
            raise DependencyUnavailable(f"{dependency} is away")
        if self.happens(self.odds.lost):
            raise DependencyUnavailable(f"lost on the way to {dependency}")

    async def back(self, node: Caller, dependency: str) -> None:
        """Its answer on the way back."""
        while node.frozen_until > self.now:
            await asyncio.sleep(node.frozen_until - self.now)
        node.check()
        if self.happens(self.odds.answer_lost):
            self.tell("answer_lost", node=node.name, of=dependency)
            self.happened["answer_lost"] += 1
            raise DependencyUnavailable(f"the answer of {dependency} was lost")
